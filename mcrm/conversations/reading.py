"""A customer's conversation as the app shows it: the one thread of all channels, newest first, and how far it was read.

It is read off the log, where a message stands once, whoever wrote it and whichever way it went.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact
from mcrm.contacts.people import is_person
from mcrm.conversations.models import Conversation, Owner
from mcrm.deliveries.outgoing import Operation
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.models import Interaction
from mcrm.timelines import service as timelines
from mcrm.timelines.service import Happening

KINDS = (Kind.MESSAGE_RECEIVED.value, Kind.DELIVERY_QUEUED.value)
MOST_UNREAD = 100


class Author(StrEnum):
    """Who wrote a message."""

    CUSTOMER = "customer"
    BOT = "bot"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Said:
    """One message. `state` is what became of one that went out; `text` is None where there are no words."""

    position: int
    at: datetime
    author: Author
    channel: str
    text: str | None
    state: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """Who answers now, how many messages the customer has not seen (100 stand for more), and up to where they read."""

    owner: Owner
    unread: int
    read_position: int
    last_message_at: datetime | None


def messages(
    session: Session, actor: Actor, contact: Contact, *, before: int | None = None, limit: int = 50
) -> tuple[list[Said], int | None]:
    """The newest messages below the position `before`, and the position to go on below; None where they end.

    Codes and links that were for one pair of eyes are left out, so a page may hold fewer than `limit`.
    """
    members = contacts.member_ids(session, actor, contact)
    facts = log.timeline(session, members, before=before, kinds=KINDS, limit=limit + 1)
    shown = timelines.shown(session, actor, facts[:limit])
    following = facts[limit - 1].position if len(facts) > limit else None
    return [_said(one) for one in shown if _is_message(one.kind, one.payload)], following


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
    return sum(_is_message(fact.kind, json.loads(fact.payload) if fact.payload else {}) for fact in facts)


def _is_message(kind: str, payload: dict[str, Any]) -> bool:
    """Whether it is something that was said; an edit replaces buttons, an answer to a tap has no words."""
    if kind == Kind.MESSAGE_RECEIVED:
        return True
    return payload.get("operation", Operation.SEND.value) == Operation.SEND.value and bool(payload.get("text"))


def _said(one: Happening) -> Said:
    if one.kind == Kind.MESSAGE_RECEIVED:
        author = Author.CUSTOMER
    else:
        author = Author.AGENT if one.actor == "user" else Author.BOT
    return Said(one.position, one.at, author, one.channel, one.payload.get("text"), one.payload.get("state"))
