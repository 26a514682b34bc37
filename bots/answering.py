"""While a flow asks: is this message an answer, a correction, a way out, or something else that comes in between?"""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import replace

from bots import forms, pages, reading, waiting
from bots.commands import orders
from bots.features import plain
from bots.flowfiles import Slot
from bots.slots import OWN_WORDS, address_in, plain_words
from bots.talk import Form, Talk
from bots.understanding import MISS, Meaning, candidates, understand
from mcrm.learning.intents import Intent

OUTRANKS = frozenset({"button", "command", "choice", "word", "answer"})
"""Ways of recognition that are surer than any answer in the customer's own words."""
SOUNDS_LIKE_IT = frozenset({"rule", "both"})
"""Ways sure enough to take a sentence for a question in between where nearly any sentence could be the answer."""
SHORTEST_SENTENCE = 3
"""Words from which on something is a sentence rather than what somebody looks for."""
ENDS_ALL = frozenset({"menu", "start", "agent"})
PASSES = frozenset({"code", "verify", "thanks"})


def heard(talk: Talk) -> Meaning | None:
    """What a text means to the flow that asks; None when no flow does, or when it is no text."""
    form, event = talk.state.form, talk.event
    if event.button is not None or event.card is not None or not event.text.strip() or event.text.startswith("/"):
        return None
    said = plain_words(event.text)
    if said in talk.words.answers["abort"]:
        return Meaning("abort", how="answer")
    if form is None:
        return _said_to_what_waits(talk) if talk.state.stack else None
    if said in talk.words.answers["no"] and _is_plain_no(talk, form):
        return Meaning("abort", how="answer")
    if form.asked in ("confirm", "resume") and not waiting.is_late(form, talk):
        for place, word in enumerate(("yes", "no"), 1):
            if said in talk.words.answers[word]:
                return Meaning("pick", f"{form.nonce}:{place}", "answer")
        if _refuses(said, talk):
            return Meaning("pick", f"{form.nonce}:2", "answer")
    if said in talk.words.answers["more"] and form.options and form.options[-1] == pages.MORE:
        return Meaning("pick", f"{form.nonce}:{len(form.options)}", "answer")
    if (correction := _correction(talk)) is not None:
        return Meaning("amend", correction, "answer")
    return _answer(talk, form, understand(event, talk.state, talk.ports, talk.words))


def _is_plain_no(talk: Talk, form: Form) -> bool:
    """Whether a no answers nothing that was asked: then the whole thing is not wanted."""
    if (slot := reading.asked_slot(form)) is None:
        return form.asked == "code"
    return slot.type not in OWN_WORDS and reading.answer_to(talk, form, talk.event.text) is None


def _correction(talk: Talk) -> str | None:
    """What is said instead of the last answer, letter by letter as it was written: “no, 41” says 41."""
    said = talk.event.text
    corrected = talk.words.correction.match(plain(said))
    return said[_end_of(corrected.string[: corrected.start("rest")].rstrip(), said) :].strip() if corrected else None


def _end_of(beginning: str, said: str) -> int:
    """Where the words end that are plainly this beginning; plain words may be longer or shorter than what was said."""
    return bisect_right(range(len(said) + 1), len(beginning), key=lambda end: len(plain(said[:end]))) - 1


def _refuses(said: str, talk: Talk) -> bool:
    """“No, leave it” is a no twice over, and no correction."""
    first, _, rest = said.partition(" ")
    return first in talk.words.answers["no"] and rest in (*talk.words.answers["no"], *talk.words.answers["abort"])


def _said_to_what_waits(talk: Talk) -> Meaning:
    """While something in between asks: a correction, or what only the waiting flow can use, is for that flow.

    The number of an own order answers what is asked in between.
    """
    form = talk.state.stack[-1]
    if talk.ports.own_number(talk.event.text) is None:
        code, correction = reading.code_in(talk), _correction(talk)
        if code is not None and form.asked == "code" and not waiting.is_late(form, talk):
            return Meaning("code", code, "answer")
        if correction is not None and reading.corrected(talk, form, correction) is not None:
            return Meaning("amend", correction, "answer")
    meaning = understand(talk.event, talk.state, talk.ports, talk.words)
    slot = reading.asked_slot(form)
    if meaning.command not in ("miss", "unsure") or slot is None or slot.type in OWN_WORDS:
        return meaning
    is_answer = reading.answer_to(talk, form, talk.event.text) is not None
    return Meaning("answer", talk.event.text, "answer") if is_answer else meaning


def _answer(talk: Talk, form: Form, otherwise: Meaning) -> Meaning:
    slot = reading.asked_slot(form)
    if otherwise.intent == Intent.REPEAT and otherwise.how not in OUTRANKS:
        return replace(otherwise, command="repeat")
    if otherwise.how in OUTRANKS or slot is None:
        return otherwise
    if otherwise.command == "stray_code" and slot.type == "order":
        return replace(otherwise, command="track")
    is_question = otherwise.command != "miss" and otherwise.how in SOUNDS_LIKE_IT
    if slot.type in OWN_WORDS and is_question and not slot.greedy:
        return otherwise
    if reading.answer_to(talk, form, talk.event.text) is not None:
        return Meaning("answer", talk.event.text, "answer")
    if otherwise.command == "unsure":
        return MISS  # the flow asks again before anything is guessed at
    if slot.type == "product" and otherwise.how not in SOUNDS_LIKE_IT:
        return otherwise if _is_another_wish(talk, form, slot, otherwise) else MISS  # which searches
    return otherwise


def _is_another_wish(talk: Talk, form: Form, slot: Slot, meaning: Meaning) -> bool:
    """Whether a sentence that names nothing in the catalogue is sure to want something else."""
    if meaning.command in ("miss", form.flow) or len(talk.event.text.split()) < SHORTEST_SENTENCE:
        return False
    wanted = pages.sought(talk.event.text, talk.words)
    return not talk.ports.options(slot.options_from or "", {**pages.forgotten(form.values), "search": wanted})


def take(talk: Talk, meaning: Meaning) -> bool:
    """Let the flow that asks have this message; False when it is for a command, the flow put aside if need be."""
    form = talk.state.form
    if form is None and talk.state.stack and _is_for_what_waits(talk, meaning):
        form = waiting.take_up(talk)
    if form is None:
        if talk.state.stack and meaning.command in ("back", "abort"):
            return True  # out of what came in between: what it interrupted goes on
        if meaning.command in ENDS_ALL:
            talk.change(stack=())
        return False
    if meaning.command in PASSES or (meaning.command == "miss" and form.asked == "code"):
        return False
    if (handler := HANDLERS.get(meaning.command)) is not None:
        handler(talk, form, meaning.argument or "")
        return True
    if meaning.command in ENDS_ALL:
        talk.change(form=None, stack=())
    elif waiting.is_late(form, talk) or meaning.command == form.flow:
        talk.change(form=None)
    else:
        waiting.interrupt(talk)
    return False


def _is_for_what_waits(talk: Talk, meaning: Meaning) -> bool:
    if meaning.command == "code":
        return talk.state.stack[-1].asked == "code"
    return meaning.command in ("amend", "answer")


def _pick(talk: Talk, form: Form, argument: str) -> None:
    nonce, _, place = argument.partition(":")
    if waiting.is_late(form, talk):
        return _expired(talk, form, argument)
    if nonce != form.nonce or not place.isdecimal() or not 1 <= int(place) <= len(form.options):
        talk.say("choice.expired-only")
        return forms.advance(talk, form)
    return forms.choose(talk, form, int(place))


def _said(talk: Talk, form: Form, text: str) -> None:
    if waiting.is_late(form, talk):
        return forms.expired(talk, form)
    if form.asked == "street" and (whole := address_in(text, reading.of(talk))):
        return forms.fill(talk, replace(form, values={**form.values, **whole}), "street", whole["street"])
    value = reading.answer_to(talk, form, text)
    return forms.again(talk, form) if value is None else forms.fill(talk, form, form.asked, value)


def _amend(talk: Talk, form: Form, text: str) -> None:
    if waiting.is_late(form, talk):
        return forms.expired(talk, form)
    return None if forms.correct(talk, form, text) else forms.again(talk, form)


def _miss(talk: Talk, form: Form, argument: str) -> None:
    if waiting.is_late(form, talk):
        return forms.expired(talk, form)
    slot, text = reading.asked_slot(form), talk.event.text
    if slot is not None and slot.type == "order" and (named := next(iter(candidates(text)), None)):
        return orders.by_number(talk, named)
    if slot is not None and slot.type == "product":
        return forms.search(talk, form, text)
    return forms.again(talk, form)


def _repeat(talk: Talk, form: Form, argument: str) -> None:
    """“Say that again”: the question once more."""
    return forms.expired(talk, form) if waiting.is_late(form, talk) else forms.advance(talk, form)


def _more(talk: Talk, form: Form, argument: str) -> None:
    """There is no next page; what is asked stands."""
    if waiting.is_late(form, talk):
        return forms.expired(talk, form)
    talk.say("list.end")
    return forms.advance(talk, form)


def _stray_code(talk: Talk, form: Form, argument: str) -> None:
    if waiting.is_late(form, talk):
        return forms.expired(talk, form)
    talk.say("verify.none")
    return forms.advance(talk, form)


def _back(talk: Talk, form: Form, argument: str) -> None:
    forms.back(talk, form)


def _abort(talk: Talk, form: Form, argument: str) -> None:
    forms.leave(talk, form, "form.left")


def _expired(talk: Talk, form: Form, argument: str) -> None:
    talk.say("choice.expired-only")
    forms.expired(talk, form)


HANDLERS: Mapping[str, Callable[[Talk, Form, str], None]] = {
    "pick": _pick,
    "answer": _said,
    "amend": _amend,
    "miss": _miss,
    "more": _more,
    "repeat": _repeat,
    "stray_code": _stray_code,
    "back": _back,
    "abort": _abort,
    "expired": _expired,
}
