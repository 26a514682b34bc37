"""What a text says to a flow that is on its way: an answer, a correction, a code. Nothing is changed here."""

from dataclasses import replace
from typing import Any

from bots import pages
from bots.catalogue import LAST
from bots.features import plain
from bots.flowfiles import Flow, Slot, flows, options_of
from bots.slots import Asked, plain_words, read
from bots.talk import Form, Option, Talk, phrase

OF_ARTICLES = ("catalogue", "lines")


def of(talk: Talk, *, options: tuple[Option, ...] = (), old: str | None = None) -> Asked:
    """What readers may look at in this talk."""
    return Asked(talk.words, talk.ports, options, old)


def asked_slot(form: Form) -> Slot | None:
    """The slot that was asked for; None while a code, a consent or a decision is awaited."""
    return next((slot for slot in flows()[form.flow].slots if slot.name == form.asked), None)


def answer_to(talk: Talk, form: Form, text: str) -> str | None:
    """The value that a text gives to the slot asked for."""
    slot = asked_slot(form)
    return value_of(talk, slot, form, text) if slot is not None else None


def corrected(talk: Talk, form: Form, said: str) -> tuple[Slot, str] | None:
    """Which answer these words put right, and how: the latest one that they can replace, else the one asked for now."""
    flow = flows()[form.flow]
    filled = [slot for slot in flow.slots if slot.name in form.values]
    asked = asked_slot(form)
    now = [asked] if asked is not None else []
    is_number = asked is not None and asked.type == "quantity"  # “no, 3” is how many, and no place in a list before
    for slot in (*now, *reversed(filled)) if is_number else (*reversed(filled), *now):
        if (value := value_of(talk, slot, form, said)) is not None:
            return slot, value
    return None


def counted(talk: Talk, form: Form, text: str) -> Form:
    """The form with how many were wanted in the same breath: “two bags of kenya”. They are read back with the price."""
    slot = next((slot for slot in flows()[form.flow].slots if slot.type == "quantity"), None)
    count = read("quantity", pages.count_in(text, talk.words) or "", of(talk)) if slot is not None else None
    return form if slot is None or not count else replace(form, values={**form.values, slot.name: count})


def code_in(talk: Talk) -> str | None:
    """The one-time code that the message is, if it looks like one."""
    return read("code", _bare_code(talk, talk.event.text), of(talk))


def _bare_code(talk: Talk, text: str) -> str:
    """The code in “it is 123456”; else the text as it is."""
    found = talk.words.code.fullmatch(plain(text).strip(" .!?"))
    return found["code"] if found else text


def value_of(talk: Talk, slot: Slot, form: Form, text: str) -> str | None:
    """The value that a text gives to a slot; None when it gives none."""
    form = replace(form, values={name: kept for name, kept in form.values.items() if name != "after"})
    options = options_for(talk, slot, form) if slot.type in ("choice", "product") else ()
    if slot.type == "code":
        text = _bare_code(talk, text)
    if slot.type == "quantity":
        text = talk.words.in_figures(text)
    found = read(slot.type, text, of(talk, options=options, old=form.values.get(slot.name)))
    if found is not None or not options or not form.asked:
        return found
    shown, _ = pages.first(options)
    place = talk.words.place_in(plain_words(text))
    return None if place is None or place > len(shown) else shown[place if place == LAST else place - 1].value


def options_for(talk: Talk, slot: Slot, form: Form) -> tuple[Option, ...]:
    """What there is to choose from for a slot."""
    return options_of(slot, form.values, talk.ports, talk.words)


def chosen(talk: Talk, flow: Flow, form: Form) -> dict[str, Any]:
    """How that is called which was chosen before, so that a question can name it."""
    found: dict[str, Any] = {}
    for slot in flow.slots:
        if slot.type == "order" and slot.name in form.values:
            found[slot.name] = form.values[slot.name]
        if (slot.options or slot.options_from in OF_ARTICLES) and (value := form.values.get(slot.name)) is not None:
            options = options_of(slot, {**form.values, "chosen": value}, talk.ports, talk.words)
            found[slot.name] = next((one.label for one in options if one.value == value), phrase("order.gone"))
    return found
