"""How far a customer has read the conversation, and how much is new in it: by positions of the log."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact
from mcrm.contacts.people import is_person
from mcrm.conversations.models import Conversation, Owner
from mcrm.conversations.thread import AGENT_REPLY_NEWS
from mcrm.deliveries.outgoing import Operation
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.models import Interaction

MOST_UNREAD = 100


@dataclass(frozen=True, slots=True)
class Standing:
    """Who answers now, how many messages the customer has not seen (100 stand for more), and up to where they read."""

    owner: Owner
    unread: int
    read_position: int
    last_message_at: datetime | None


def standing(session: Session, actor: Actor, contact: Contact) -> Standing:
    """Where the person's conversation stands."""
    row = _of(session, contact)
    if row is None:
        return Standing(Owner.BOT, _unread(session, actor, contact, 0), 0, None)
    read = row.read_position or 0
    return Standing(Owner(row.owner), _unread(session, actor, contact, read), read, row.last_message_at)


def read(session: Session, actor: Actor, contact: Contact, *, position: int) -> Standing:
    """The customer has seen everything up to a position; what was seen before stays so.

    It does not disturb the dialogue: `version` guards that, and nobody's turn depends on what was read.
    """
    position = min(position, log.head(session)[1])
    row = _of(session, contact) or _begun(session, contact)
    if position > (row.read_position or 0):
        table = Conversation.__table__
        session.execute(update(table).where(table.c.id == row.id).values(read_position=position))  # type: ignore[arg-type]
        session.refresh(row)
        about = log.About(contact_id=contact.id, account_id=contact.account_id, subject=("conversation", row.id))
        log.append(session, actor, Kind.CONVERSATION_READ, about=about, payload={"position": position})
    return standing(session, actor, contact)


def _begun(session: Session, contact: Contact) -> Conversation:
    """The contact's conversation, which nobody had begun; or the one that was made at the same moment."""
    made = Conversation(contact_id=contact.id)
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:
        return session.scalars(select(Conversation).where(Conversation.contact_id == contact.id)).one()
    return made


def _of(session: Session, contact: Contact) -> Conversation | None:
    """The person's conversation; of merged contacts the one that was last used."""
    query = select(Conversation).where(is_person(Conversation.contact_id, contact.id))
    return session.scalars(query.order_by(Conversation.last_message_at.desc().nulls_last()).limit(1)).first()


def _unread(session: Session, actor: Actor, contact: Contact, read: int) -> int:
    members = contacts.member_ids(session, actor, contact)
    facts = session.scalars(
        select(Interaction)
        .where(Interaction.contact_id.in_(members), Interaction.position > read)
        .where(Interaction.kind == Kind.DELIVERY_QUEUED.value)
        .order_by(Interaction.position.desc())
        .limit(MOST_UNREAD)
    )
    return sum(_is_message(json.loads(fact.payload) if fact.payload else {}) for fact in facts)


def _is_message(payload: dict[str, Any]) -> bool:
    """Whether it was said: an edit replaces buttons, an answer to a tap has no words, news of an answer is none."""
    if payload.get("kind") == AGENT_REPLY_NEWS:
        return False
    return payload.get("operation", Operation.SEND.value) == Operation.SEND.value and bool(payload.get("text"))
