"""The form runner: walks a flow from slot to slot, through guard, level and confirmation, to its action. Pure."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bots import pages, reading
from bots.commands.basics import strangers
from bots.commands.orders import by_number
from bots.flowfiles import Flow, Slot, flows
from bots.slots import chosen_in, read
from bots.talk import ANSWER_WITHIN, Allowed, Form, Refused, Talk, phrase
from bots.understanding import MOST_WORDS_SOUGHT, candidates, is_like_a_number

AGREE_WITHIN = timedelta(minutes=10)
CODE_WITHIN = timedelta(minutes=5)
SAYS_IT_ALL = 4
"""From how many words on a sentence is the complaint itself, and not only the wish to make one."""
SENTENCE = re.compile(r"[^\W\d_]{3}")
"""A digit that chose the flow says nothing more."""


def begin(talk: Talk, flow_id: str, argument: str | None = None) -> None:
    """Start a flow; what the customer has said already fills its first slot."""
    flow, form = flows()[flow_id], Form(flow_id)
    if talk.level == 0 and flow.level > 0:
        return strangers(talk)
    first = next(iter(flow.slots), None)
    said = argument or (talk.event.text if SENTENCE.search(talk.event.text) else "")
    if first is not None and first.type == "order" and said:
        if (number := read("order", said, reading.of(talk))) is not None:
            form = _with(form, first.name, number)
        elif named := argument or next(filter(is_like_a_number, candidates(said)), None):
            return by_number(talk, named)
    elif first is not None and first.type == "text":
        if len(talk.event.text.split()) >= SAYS_IT_ALL:
            form = _with(form, first.name, talk.event.text)
    elif first is not None and first.type == "product" and not argument:
        if said and _is_there(talk, first, pages.sought(said, talk.words)):
            return search(talk, replace(form, asked=first.name), said)
    elif first is not None and first.type == "choice" and not argument:
        if (value := chosen_in(said, reading.options_for(talk, first, form), talk.words)) is not None:
            form = _with(form, first.name, value)
    elif first is not None and argument:
        if (value := reading.value_of(talk, first, form, argument)) is not None:
            form = _with(form, first.name, value)
        elif first.type == "product":
            return search(talk, replace(form, asked=first.name), argument)
    return advance(talk, form)


def _is_there(talk: Talk, slot: Slot, wanted: str) -> bool:
    """Whether a sentence names something that we have: “can I buy a mug”, not “I want to order”."""
    if len(wanted.split()) > MOST_WORDS_SOUGHT:
        return False
    return bool(talk.ports.options(slot.options_from or "", {"search": wanted}))


def advance(talk: Talk, form: Form) -> None:
    """Ask for what is missing; when nothing is, see whether it may be done, by whom, and with which consent."""
    flow = flows()[form.flow]
    slot = _missing(flow, form)
    facts: Mapping[str, Any] = {}
    if flow.guard is not None and (slot is None or flow.guard_from in form.values):
        verdict = talk.ports.guard(flow.guard, form.values)  # nothing more is asked in vain
        if isinstance(verdict, Refused):
            return _refuse(talk, flow, form, verdict)
        assert isinstance(verdict, Allowed)
        facts = verdict.facts
    if slot is not None:
        return _ask(talk, flow, form, slot)
    if talk.level < flow.level:
        return _ask_code(talk, form)
    if form.agreed and form.shown != _digest(facts):  # another price, other pieces: what was agreed to is no more
        talk.say("form.moved")
        form = replace(form, agreed=0)
    if form.agreed < flow.confirmations:
        return _ask_consent(talk, flow, form, facts)
    talk.change(form=None)
    return talk.call("errand", flow=flow.id, values=dict(form.values))


def fill(talk: Talk, form: Form, slot: str, value: str) -> None:
    """Take an answer; whatever was agreed before, was agreed to something else."""
    form = replace(form, values={**pages.forgotten(form.values), slot: value})
    advance(talk, replace(form, agreed=0, tries=0))


def choose(talk: Talk, form: Form, place: int) -> None:
    """Take the option at that place of the question that was asked last."""
    if form.asked == "confirm":
        if place == 1:
            return advance(talk, replace(form, agreed=form.agreed + 1))
        return leave(talk, form, flows()[form.flow].kept)
    if form.asked == "resume":
        if place == 1:
            return advance(talk, replace(form, agreed=0))
        return leave(talk, form, "form.left")
    chosen = form.options[place - 1]
    if chosen == pages.MORE:
        return advance(talk, _with(form, "after", form.options[place - 2]))
    if chosen.startswith(pages.FIND):
        return search(talk, form, chosen.removeprefix(pages.FIND))
    return fill(talk, form, form.asked, chosen)


def correct(talk: Talk, form: Form, said: str) -> bool:
    """“No, 41”: the latest answer that these words can replace is replaced; whether there was one."""
    flow, found = flows()[form.flow], reading.corrected(talk, form, said)
    if found is None:
        return False
    slot, value = found
    kept = dict(form.values)
    if slot.name in kept:
        for later in flow.slots[flow.slots.index(slot) + 1 :]:
            if later.options_from is not None:  # what could be chosen hung on what is corrected
                kept.pop(later.name, None)
        if not (slot.options_from or slot.options) and _missing(flow, replace(form, values=kept)) is not None:
            talk.say("form.corrected", value=value)  # else it is read back anyway
    fill(talk, replace(form, values=kept), slot.name, value)
    return True


def back(talk: Talk, form: Form) -> None:
    """BACK: the question before this one; from the first one out of the flow."""
    flow = flows()[form.flow]
    order = [slot.name for slot in flow.slots if slot.name in form.values]
    if not order:
        return leave(talk, form, "form.left")
    values = {name: value for name, value in form.values.items() if name != order[-1]}
    slot = flow.slot(order[-1])
    return _ask(talk, flow, replace(form, values=values, agreed=0, tries=0), slot, always=True)


def leave(talk: Talk, form: Form, words: str) -> None:
    """End the flow with nothing done."""
    talk.change(form=None)
    talk.say(words)


def again(talk: Talk, form: Form) -> None:
    """That was no answer: ask once more, in other words; after the last try offer a person."""
    flow = flows()[form.flow]
    slot = next((slot for slot in flow.slots if slot.name == form.asked), None)
    tries = form.tries + 1
    if tries >= (slot.retries if slot else 3):
        talk.change(form=replace(form, tries=0))
        talk.say("form.stuck", flow=phrase(flow.title))
        talk.choose((phrase("menu.agent"), "agent"), (phrase("menu.menu"), "menu"), is_menu=True)
        return None
    talk.say("form.again" if tries == 1 else "form.again-more")
    form = replace(form, tries=tries)
    if slot is not None:
        return _ask(talk, flow, form, slot, always=True)
    return advance(talk, form)


def expired(talk: Talk, form: Form) -> None:
    """Too long ago: the answers so far are kept, and the customer says whether to go on."""
    form = replace(form, asked="resume", nonce=talk.event.nonce, until=talk.event.now + ANSWER_WITHIN)
    form = replace(form, options=("yes", "no"))
    talk.say("form.continue", flow=phrase(flows()[form.flow].title))
    _offer(talk, form, [phrase("form.yes"), phrase("form.no")])


def resume(talk: Talk) -> None:
    """Come back to what was put aside, once nothing else is being asked."""
    if talk.state.form is None and talk.state.stack and talk.is_settled:
        *waiting, form = talk.state.stack
        talk.change(stack=tuple(waiting))
        talk.say("form.back", flow=phrase(flows()[form.flow].title))
        advance(talk, replace(form, agreed=0, tries=0))


def done(talk: Talk, outcome: str, facts: Mapping[str, Any]) -> None:
    """What came of the action: its words, and what it leads to."""
    talk.say(outcome, items=facts.get("items", ()), **facts.get("facts", {}))
    if facts.get("options"):
        talk.choose(*facts["options"])
    if (following := facts.get("next")) is not None:
        advance(talk, Form(following[0], values=following[1]))


def search(talk: Talk, form: Form, text: str) -> None:
    """A product that is not in the list shown: look for it."""
    slot = reading.asked_slot(form)
    assert slot is not None and slot.options_from is not None
    wanted = pages.sought(text, talk.words)
    form = replace(form, values={**pages.forgotten(form.values), "search": wanted})
    found = talk.ports.options(slot.options_from, form.values)
    if not found:
        return _nothing_found(talk, form, slot, wanted)
    if len(found) == 1:
        return fill(talk, reading.counted(talk, form, text), slot.name, found[0].value)
    return advance(talk, replace(form, tries=0))


def _nothing_found(talk: Talk, form: Form, slot: Slot, wanted: str) -> None:
    """Name what is not there, and offer where to look instead; the third time in a row, a person."""
    form = replace(form, values=pages.forgotten(form.values))
    elsewhere = talk.ports.options(slot.otherwise_from, {}) if slot.otherwise_from else ()
    if slot.nothing is None or not elsewhere or form.tries + 1 >= slot.retries:
        return again(talk, form)
    talk.say(slot.nothing, sought=pages.named(wanted, is_dear=talk.event.channel == "sms"))
    offered, _ = pages.first(elsewhere)
    form = replace(form, asked=slot.name, nonce=talk.event.nonce, until=talk.event.now + ANSWER_WITHIN)
    form = replace(form, tries=form.tries + 1, options=tuple(pages.FIND + option.value for option in offered))
    return _offer(talk, form, [option.label for option in offered])


def _missing(flow: Flow, form: Form) -> Slot | None:
    for slot in flow.slots:
        if slot.name not in form.values and all(form.values.get(name) == value for name, value in slot.when.items()):
            return slot
    return None


def _ask(talk: Talk, flow: Flow, form: Form, slot: Slot, *, always: bool = False) -> None:
    options = reading.options_for(talk, slot, form)
    if slot.options_from is not None and slot.type != "product":
        if not options:
            if slot.nothing is not None:
                return leave(talk, form, slot.nothing)
            return leave(talk, form, "form.nothing")
        if len(options) == 1 and not always and form.tries == 0 and "after" not in form.values:
            return fill(talk, form, slot.name, options[0].value)
    form = replace(form, asked=slot.name, nonce=talk.event.nonce, until=talk.event.now + ANSWER_WITHIN)
    shown, has_more = pages.first(options)
    form = replace(form, options=(*(option.value for option in shown), *([pages.MORE] if has_more else [])))
    if slot.found is not None and "search" in form.values:
        talk.say(slot.found, sought=pages.named(form.values["search"], is_dear=talk.event.channel == "sms"))
    else:
        talk.say(slot.ask, **reading.chosen(talk, flow, form))
    if options:
        return _offer(talk, form, [*(option.label for option in shown), *([phrase("list.more")] if has_more else [])])
    return _await(talk, form)


def _ask_code(talk: Talk, form: Form) -> None:
    """A code to the number on file; while one is on its way no other is sent."""
    is_underway = form.code_until is not None and form.code_until > talk.event.now
    until = form.code_until if is_underway else talk.event.now + CODE_WITHIN
    talk.change(form=replace(form, asked="code", until=talk.event.now + ANSWER_WITHIN, options=(), code_until=until))
    if is_underway:
        talk.say("verify.format")
        talk.change(flow="verify")
        return talk.ask("code")
    return talk.call("send-code")


def _ask_consent(talk: Talk, flow: Flow, form: Form, facts: Mapping[str, Any]) -> None:
    form = replace(form, asked="confirm", nonce=talk.event.nonce, until=talk.event.now + AGREE_WITHIN)
    form = replace(form, options=("yes", "no"), shown=_digest(facts))
    again = (flow.read_back_again,) if form.agreed and flow.read_back_again else ()
    items, told = facts.get("items", ()), {name: fact for name, fact in facts.items() if name != "items"}
    for said in again or flow.read_back:
        is_list = "{items}" in talk.words.phrases[said]
        talk.say(said, items=items if is_list else (), most=pages.PAGE, **told)
    _offer(talk, form, [phrase("form.yes"), phrase("form.no")])


def _digest(facts: Mapping[str, Any]) -> str:
    """What was read back, in a few characters, so that a consent to anything else is told apart."""
    return hashlib.sha256(repr(sorted(facts.items())).encode()).hexdigest()[:16]


def _offer(talk: Talk, form: Form, labels: list[Any]) -> None:
    talk.change(form=form)
    talk.choose(*((label, f"pick:{form.nonce}:{place}") for place, label in enumerate(labels, 1)))


def _await(talk: Talk, form: Form) -> None:
    """Digits that answered an earlier question answer this one now."""
    slots = {name: value for name, value in talk.state.slots.items() if name != "choices"}
    talk.change(form=form, slots=slots)
    talk.ask("form")


def _refuse(talk: Talk, flow: Flow, form: Form, verdict: Refused) -> None:
    """Say why not, and offer what can be done instead, with the same order if there is one."""
    talk.change(form=None)
    talk.say(verdict.why.key, **verdict.why.params)
    if instead := flow.instead if verdict.instead is None else verdict.instead:
        order = f":{form.values['order']}" if "order" in form.values else ""
        lines = {command: command + (order if command in flows() else "") for command in instead}
        talk.choose(*((phrase(f"menu.{command}"), line) for command, line in lines.items()))


def _with(form: Form, slot: str, value: str) -> Form:
    return replace(form, values={**form.values, slot: value})
