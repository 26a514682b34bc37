"""Buttons on the screen go with the question they belong to: what can be tapped is always what was asked last."""

from typing import Any

from bots.talk import State
from bots.turn import Turn
from mcrm.conversations import keyboards
from mcrm.conversations.keyboards import SLOT, Keyboard
from mcrm.deliveries.outgoing import Operation


def settle(turn: Turn, before: State, after: State) -> dict[str, Any]:
    """Take away what the talk has moved on from; what the conversation keeps of what stays.

    A question that still stands, since a thank-you came in between, keeps its buttons.
    """
    if not turn.shown and after.asked == "choice" and after.slots.get("choices") == before.slots.get("choices"):
        return keyboards.kept(turn.keyboards)
    _take_away(turn)
    return keyboards.kept([*turn.shown, *_below(turn)])


def clear(turn: Turn) -> None:
    """Nothing that the bot asked stands any more: a person answers, or the talk begins anew."""
    if turn.keyboards:
        _take_away(turn)
        slots = {name: kept for name, kept in turn.conversation.slots.items() if name != SLOT}
        turn.conversation.slots = slots | keyboards.kept(_below(turn))
        turn.session.flush()


def _below(turn: Turn) -> list[Keyboard]:
    """Those below the chat: a message without buttons of its own takes them away, so they may have to stay a while."""
    return [one for one in turn.keyboards if one.is_below] if not any(one.is_below for one in turn.shown) else []


def _take_away(turn: Turn) -> None:
    """The tapped buttons go and leave the choice behind; the others, if there are any, just go."""
    inbound, tapped = turn.inbound, None
    if inbound.callback_id is not None and inbound.message_id and inbound.message_text:
        turn.queue(inbound.message_text, kind=keyboards.EDIT, operation=Operation.EDIT, reference=inbound.message_id)
        tapped = (turn.point.id, inbound.message_id)
    live: list[Keyboard] = turn.keyboards
    if live:
        keyboards.take_away(turn.session, turn.actor, live, contact=turn.contact, tapped=tapped)
