"""Where a conversation stands: one per contact, whatever the channel, or one per address that nobody knows yet."""

from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.exc import StaleDataError

from mcrm import clock
from mcrm.contacts.models import ContactPoint
from mcrm.conversations.models import Conversation, Message, Owner
from mcrm.db import Base
from mcrm.transaction import insert_once, write_rows


def conversation_of(session: Session, point: ContactPoint, contact_id: UUID | None) -> Conversation:
    """The conversation behind an address, made when needed, locked so that turns come one after the other.

    `contact_id`: the contact that stands for the person who owns the address, None for a stranger.
    """
    if (found := _locked(session, point, contact_id)) is not None:
        return found
    made = Conversation(contact_id=contact_id, contact_point_id=None if contact_id else point.id)
    try:
        with session.begin_nested():
            session.add(made)
            session.flush()
    except IntegrityError:  # its first two messages came at the same instant
        again = _locked(session, point, contact_id)
        if again is None:
            raise
        return again
    return made


def save(session: Session, conversation: Conversation, **fields: Any) -> None:
    """Write the next state; StaleDataError if somebody else wrote since it was read (the turn runs again)."""
    written = {**fields, "version": conversation.version + 1, "last_message_at": clock.now()}
    seen = {"conversation": conversation.id, "seen": conversation.version}
    if session.connection().execute(_SAVE, {**written, **seen}).rowcount != 1:
        raise StaleDataError("the conversation moved on")
    for name, value in written.items():
        set_committed_value(conversation, name, value)


_TABLE = cast(Table, Conversation.__table__)
_SAVE = update(_TABLE).where(_TABLE.c.id == bindparam("conversation"), _TABLE.c.version == bindparam("seen"))


def receive(session: Session, **facts: Any) -> Message | None:
    """Store a message that came in; None when its provider delivered it before."""
    row = {**facts, "direction": "in", "understood": {}}
    return insert_once(session, Message, row, unique=["channel", "direction", "provider_id"])


def adopt(session: Session, stranger: Conversation, point: ContactPoint, contact_id: UUID | None) -> Conversation:
    """The stranger's address was linked: their conversation becomes the contact's, or ends in the one that is there.

    A human who owns either of them keeps it.
    """
    if stranger.contact_id == contact_id:
        return stranger
    existing = _locked(session, point, contact_id)
    if existing is None:
        stranger.contact_id, stranger.contact_point_id = contact_id, None
        session.flush()
        return stranger
    if stranger.owner == Owner.HUMAN:
        existing.owner = Owner.HUMAN.value
    handovers = Base.metadata.tables["handovers"]  # by name: the inbox stands below this package
    moved = update(handovers).where(handovers.c.conversation_id == stranger.id)
    write_rows(session, moved.values(conversation_id=existing.id))
    session.delete(stranger)
    session.flush()
    return existing


def _locked(session: Session, point: ContactPoint, contact_id: UUID | None) -> Conversation | None:
    if contact_id is not None:
        return session.scalar(_OF_CONTACT, {"contact": contact_id})
    return session.scalar(_OF_STRANGER, {"point": point.id})


_LOCKED = select(Conversation).with_for_update().execution_options(populate_existing=True)
_OF_CONTACT = _LOCKED.where(Conversation.contact_id == bindparam("contact"))
_OF_STRANGER = _LOCKED.where(Conversation.contact_point_id == bindparam("point"), Conversation.contact_id.is_(None))
