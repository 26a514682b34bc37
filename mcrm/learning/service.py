"""Use cases of learning: collect what was not understood, label it, hand labelled texts to the training."""

from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.consents.models import Consent, ConsentState, Purpose, Suppression
from mcrm.contacts.models import ContactPoint
from mcrm.conversations.models import Message
from mcrm.ids import new_id
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.learning.errors import MessageErased, UnknownMessageUnknown
from mcrm.learning.intents import Intent
from mcrm.learning.models import UnknownMessage, Why
from mcrm.transaction import insert_once


def collect(session: Session, message: Message, *, why: Why, language: str) -> None:
    """Keep a message for people to look at; a second time changes nothing."""
    row = {"id": new_id(), "created_at": clock.now(), "message_id": message.id, "why": why.value, "language": language}
    insert_once(session, UnknownMessage, row, unique=["message_id"])


def unknown(*, labelled: bool | None = None, language: str | None = None) -> Select[UnknownMessage]:
    """Messages that were not understood, with their texts; those that were erased are left out."""
    found = (
        select(UnknownMessage).join(Message, Message.id == UnknownMessage.message_id).where(Message.text.is_not(None))
    )
    if labelled is not None:
        found = found.where(UnknownMessage.label.is_not(None) if labelled else UnknownMessage.label.is_(None))
    return found if language is None else found.where(UnknownMessage.language == language)


def label(session: Session, actor: Actor, *, id: UUID, intent: Intent) -> tuple[UnknownMessage, Message]:
    """Say what a message meant; the last word counts. Raises UnknownMessageUnknown, MessageErased."""
    row = session.get(UnknownMessage, id, with_for_update=True)
    if row is None:
        raise UnknownMessageUnknown
    message = session.get_one(Message, row.message_id)
    if message.text is None:
        raise MessageErased
    if row.label != intent:
        row.label, row.labelled_by, row.labelled_at = intent.value, actor.id, clock.now()
        about = log.About(
            contact_id=message.contact_id,
            contact_point_id=message.contact_point_id,
            subject=("message", message.id),
        )
        log.append(session, actor, Kind.MESSAGE_LABELLED, about=about, payload={"intent": intent.value})
        session.flush()
    return row, message


def to_learn(session: Session) -> dict[str, list[tuple[str, str]]]:
    """Labelled (text, intent) by language, oldest first; nothing of people who want no messages from us any more."""
    query = (
        select(UnknownMessage.language, Message.text, UnknownMessage.label)
        .join(Message, Message.id == UnknownMessage.message_id)
        .where(Message.text.is_not(None), UnknownMessage.label.is_not(None), ~_withdrawn(), ~_stopped())
        .order_by(UnknownMessage.id)
    )
    found: dict[str, list[tuple[str, str]]] = {}
    for language, text, intent in session.execute(query):
        found.setdefault(language, []).append((str(text), str(intent)))
    return found


def _withdrawn() -> ColumnElement[bool]:
    return exists().where(
        Consent.contact_id == Message.contact_id,
        Consent.channel == Message.channel,
        Consent.purpose == Purpose.SERVICE,
        Consent.state == ConsentState.WITHDRAWN.value,
    )


def _stopped() -> ColumnElement[bool]:
    return exists().where(
        ContactPoint.id == Message.contact_point_id,
        Suppression.channel == ContactPoint.channel,
        Suppression.address == ContactPoint.address,
        Suppression.lifted_at.is_(None),
    )
