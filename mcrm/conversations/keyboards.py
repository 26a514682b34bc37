"""The buttons under what was said in a chat: they go when the talk moves on, wherever and however it does.

A conversation names the messages whose buttons can still be tapped, so that a turn without any costs nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.contacts.models import Contact, PointChannel
from mcrm.conversations.models import Conversation
from mcrm.deliveries import outbox
from mcrm.deliveries.models import Delivery
from mcrm.deliveries.outgoing import Operation

SLOT = "keyboards"
"""Where they stand among a conversation's slots: ids as text, and what says that one is below the chat."""
BELOW = "below"
EDIT = "reply-edit"


@dataclass(frozen=True, slots=True)
class Keyboard:
    """Buttons that were sent to a chat, with the delivery that carries them.

    `is_below`: they take the place of the letters below the chat, until a message comes that takes them away.
    """

    contact_point_id: UUID
    delivery_id: UUID
    is_below: bool = False


def of(conversation: Conversation) -> list[Keyboard]:
    """Those that can still be tapped."""
    stored = conversation.slots.get(SLOT, ())
    return [Keyboard(UUID(point), UUID(delivery), bool(where)) for point, delivery, *where in stored]


def under(delivery: Delivery | None) -> list[Keyboard]:
    """That of one delivery: only Telegram keeps buttons on the screen after they were of use."""
    if delivery is None or delivery.channel != PointChannel.TELEGRAM or delivery.contact_point_id is None:
        return []
    if not delivery.content.get("buttons"):
        return []
    return [Keyboard(delivery.contact_point_id, delivery.id, bool(delivery.content.get("reply_keyboard")))]


def kept(keyboards: Sequence[Keyboard]) -> dict[str, Any]:
    """What a conversation keeps of them among its slots."""
    stored = [
        [str(one.contact_point_id), str(one.delivery_id), *([BELOW] if one.is_below else [])] for one in keyboards
    ]
    return {SLOT: stored} if stored else {}


def take_away(
    session: Session,
    actor: Actor,
    keyboards: Sequence[Keyboard],
    *,
    contact: Contact | None,
    tapped: tuple[UUID, str] | None = None,
) -> None:
    """Queue what takes them from under their messages, after whatever was queued before; once each.

    `tapped`: the contact point and the provider's message id whose buttons go anyway.
    """
    for keyboard in keyboards:
        if keyboard.is_below:
            continue
        if tapped is not None and tapped == (keyboard.contact_point_id, _message_id(session, keyboard)):
            continue
        outbox.queue(
            session,
            actor,
            channel=PointChannel.TELEGRAM,
            contact_point_id=keyboard.contact_point_id,
            contact_id=contact.id if contact else None,
            account_id=contact.account_id if contact else None,
            text="",
            kind=EDIT,
            operation=Operation.EDIT,
            edits=str(keyboard.delivery_id),
            dedupe_key=f"{EDIT}:{keyboard.delivery_id}",
        )


def _message_id(session: Session, keyboard: Keyboard) -> str | None:
    return session.scalar(select(Delivery.provider_id).where(Delivery.id == keyboard.delivery_id))
