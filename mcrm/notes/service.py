"""Use cases of notes: a note is a fact in the log and nothing else, so it is never edited; erasure blanks it."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.accounts.models import Account
from mcrm.actors import Actor
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.interactions.models import Interaction


@dataclass(frozen=True, slots=True)
class Note:
    """A note as it is shown; `author` is the log's word for who wrote it, `user:<id>`."""

    id: UUID
    at: datetime
    author: str
    text: str
    contact_id: UUID | None
    account_id: UUID | None
    position: int | None = None


def add(session: Session, actor: Actor, owner: Contact | Account, text: str) -> Note:
    """Write down a note about a contact or an account. Raises ContactErased."""
    if isinstance(owner, Contact):
        contacts.hold(session, owner.id)
        about = About(contact_id=owner.id, account_id=owner.account_id)
    else:
        about = About(account_id=owner.id)
    at = clock.now()
    id_ = log.append(session, actor, Kind.NOTE_ADDED, about=about, payload={"text": text}, at=at)
    return Note(id_, at, actor.label, text, about.contact_id, about.account_id)


def about_contacts(
    session: Session, contact_ids: Collection[UUID], *, before: int | None = None, limit: int = 50
) -> list[Note]:
    """The newest notes about these contacts, newest first, below the position `before`."""
    return _notes(session, Interaction.contact_id.in_(contact_ids), before, limit)


def about_account(session: Session, account_id: UUID, *, before: int | None = None, limit: int = 50) -> list[Note]:
    """The newest notes about an account itself; those about its people stand with them."""
    itself = (Interaction.account_id == account_id) & Interaction.contact_id.is_(None)
    return _notes(session, itself, before, limit)


def _notes(session: Session, condition: ColumnElement[bool], before: int | None, limit: int) -> list[Note]:
    query = select(Interaction).where(condition, Interaction.kind == Kind.NOTE_ADDED.value)
    if before is not None:
        query = query.where(Interaction.position < before)
    return [_shown(fact) for fact in session.scalars(query.order_by(Interaction.position.desc()).limit(limit))]


def _shown(fact: Interaction) -> Note:
    payload = json.loads(fact.payload) if fact.payload else {}  # an erased one is empty
    text = str(payload.get("text", ""))
    return Note(fact.id, fact.at, fact.actor, text, fact.contact_id, fact.account_id, fact.position)
