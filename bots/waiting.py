"""Flows that were put aside for something else, and how long they are remembered."""

from datetime import timedelta

from bots.flowfiles import flows
from bots.talk import Form, Talk

FORGOTTEN_AFTER = timedelta(hours=24)
MOST_INTERRUPTED = 2


def is_late(form: Form, talk: Talk) -> bool:
    """Whether the question was asked too long ago to be answered."""
    return form.until is not None and form.until <= talk.event.now


def interrupt(talk: Talk) -> None:
    """Put the flow aside for something else; more than two that wait are forgotten, the oldest first."""
    if talk.state.form is not None:
        waiting = (*talk.state.stack, talk.state.form)[-MOST_INTERRUPTED:]
        talk.change(form=None, stack=waiting)


def take_up(talk: Talk) -> Form:
    """Go back to what was put aside last, although what came in between is still open."""
    *waiting, form = talk.state.stack
    talk.change(form=form, stack=tuple(waiting))
    return form


def forget(talk: Talk) -> None:
    """Drop what was asked so long ago that nobody remembers it; what is left and waits for nothing else goes on."""
    stack = [form for form in talk.state.stack if _is_remembered(form, talk)]
    form = talk.state.form if talk.state.form is not None and _is_remembered(talk.state.form, talk) else None
    if form is None and stack and talk.state.asked is None:
        form = stack.pop()
    talk.change(form=form, stack=tuple(stack))


def _is_remembered(form: Form, talk: Talk) -> bool:
    return form.flow in flows() and (form.until is None or form.until + FORGOTTEN_AFTER > talk.event.now)
