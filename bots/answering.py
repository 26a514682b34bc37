"""While a flow asks: is this message an answer, a correction, a way out, or something else that comes in between?"""

from collections.abc import Callable, Mapping

from bots import forms
from bots.commands import orders
from bots.features import plain
from bots.slots import OWN_WORDS, plain_words
from bots.talk import Form, Talk
from bots.understanding import MISS, Meaning, candidates, understand

OUTRANKS = frozenset({"button", "command", "choice", "word", "answer"})
"""Ways of recognition that are surer than any answer in the customer's own words."""
SOUNDS_LIKE_IT = frozenset({"rule", "both"})
"""Ways sure enough to take a sentence for a question in between where nearly any sentence could be the answer."""
ENDS_ALL = frozenset({"menu", "start", "agent"})
PASSES = frozenset({"code", "verify", "thanks"})


def heard(talk: Talk) -> Meaning | None:
    """What a text means to the flow that asks; None when no flow does, or when it is no text."""
    form, event = talk.state.form, talk.event
    if form is None or event.button is not None or event.card is not None or not event.text.strip():
        return None
    if event.text.startswith("/"):
        return None
    said = plain_words(event.text)
    if said in talk.words.answers["abort"]:
        return Meaning("abort", how="answer")
    if form.asked in ("confirm", "resume") and not forms.is_late(form, talk):
        for place, word in enumerate(("yes", "no"), 1):
            if said in talk.words.answers[word]:
                return Meaning("pick", f"{form.nonce}:{place}", "answer")
    if corrected := talk.words.correction.match(plain(event.text)):
        return Meaning("amend", event.text[-len(corrected["rest"]) :], "answer")
    return _answer(talk, form, understand(event, talk.state, talk.ports, talk.words))


def _answer(talk: Talk, form: Form, otherwise: Meaning) -> Meaning:
    slot = forms.asked_slot(form)
    if otherwise.how in OUTRANKS or slot is None:
        return otherwise
    is_question = otherwise.command != "miss" and otherwise.how in SOUNDS_LIKE_IT
    if slot.type in OWN_WORDS and is_question and not slot.greedy:
        return otherwise
    if forms.answer_to(talk, form, talk.event.text) is not None:
        return Meaning("answer", talk.event.text, "answer")
    if otherwise.command == "unsure" or (slot.type == "product" and otherwise.how not in SOUNDS_LIKE_IT):
        return MISS  # the flow asks again, or searches, before anything is guessed at
    return otherwise


def take(talk: Talk, meaning: Meaning) -> bool:
    """Let the flow that asks have this message; False when it is for a command, the flow put aside if need be."""
    form = talk.state.form
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
    elif forms.is_late(form, talk) or meaning.command == form.flow:
        talk.change(form=None)
    else:
        forms.interrupt(talk)
    return False


def _pick(talk: Talk, form: Form, argument: str) -> None:
    nonce, _, place = argument.partition(":")
    if forms.is_late(form, talk):
        return _expired(talk, form, argument)
    if nonce != form.nonce or not place.isdecimal() or not 1 <= int(place) <= len(form.options):
        talk.say("choice.expired-only")
        return forms.advance(talk, form)
    return forms.choose(talk, form, int(place))


def _said(talk: Talk, form: Form, text: str) -> None:
    if forms.is_late(form, talk):
        return forms.expired(talk, form)
    value = forms.answer_to(talk, form, text)
    return forms.again(talk, form) if value is None else forms.fill(talk, form, form.asked, value)


def _amend(talk: Talk, form: Form, text: str) -> None:
    if forms.is_late(form, talk):
        return forms.expired(talk, form)
    return None if forms.correct(talk, form, text) else forms.again(talk, form)


def _miss(talk: Talk, form: Form, argument: str) -> None:
    if forms.is_late(form, talk):
        return forms.expired(talk, form)
    slot, text = forms.asked_slot(form), talk.event.text
    if slot is not None and slot.type == "order" and (named := next(iter(candidates(text)), None)):
        talk.say("form.again")
        return orders.by_number(talk, named)
    return None if forms.search(talk, form, text) else forms.again(talk, form)


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
    "back": _back,
    "abort": _abort,
    "expired": _expired,
}
