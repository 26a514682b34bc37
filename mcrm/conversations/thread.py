"""What a customer reads of the conversation: all that was said either way, on every channel, in one thread.

It is read from the log, so that whoever asks for what is newer than a position misses nothing.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.consents import service as consents
from mcrm.contacts.models import Contact, PointChannel
from mcrm.contacts.people import person_ids
from mcrm.conversations.models import Conversation, Message, Owner
from mcrm.deliveries.models import Delivery, DeliveryState
from mcrm.deliveries.outgoing import Operation
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.models import Interaction

KINDS = (Kind.MESSAGE_RECEIVED.value, Kind.DELIVERY_QUEUED.value)
AGENT_REPLY = "agent-reply"
AGENT_REPLY_NEWS = "agent-reply-news"
WITHHELD = frozenset({DeliveryState.SUPPRESSED, DeliveryState.EXPIRED})
APP = PointChannel.APP.value


class Author(StrEnum):
    """Who said it: the customer, the bot (and whatever else goes out by itself), or a person of the business."""

    CUSTOMER = "customer"
    BOT = "bot"
    AGENT = "agent"


@dataclass(frozen=True, slots=True)
class Choice:
    """Something that can be answered without writing: what it is called, and what is sent back."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Said:
    """One message; `client_id` is the app's own name of it, `text` is None where there are no words to show."""

    id: UUID
    at: datetime
    channel: str
    author: Author
    text: str | None
    choices: tuple[Choice, ...] = ()
    client_id: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some of a thread, the newest first; `before` is the position below which there is more, None at its beginning.

    `position` is that of the newest commit which it takes into account: what comes after it is news.
    """

    owner: Owner
    is_stopped: bool
    position: int
    items: list[Said]
    before: int | None


def page(session: Session, contact: Contact, *, before: int | None, after: int | None, limit: int) -> Page:
    """The newest messages below the position `before` and above `after`, at most `limit` facts of the log."""
    position = log.head(session)[1]
    ids = person_ids(session, contact)
    facts = log.timeline(session, ids, before=before, after=after, kinds=KINDS, limit=limit + 1)
    owner = session.scalar(select(Conversation.owner).where(Conversation.contact_id == contact.id))
    return Page(
        owner=Owner(owner or Owner.BOT),
        is_stopped=bool(consents.suppressions_of(session, APP, str(contact.id))),
        position=position,
        items=_said(session, facts[:limit]),
        before=facts[limit - 1].position if len(facts) > limit else None,
    )


def of_message(session: Session, message: Message) -> tuple[Said, list[Said]]:
    """A message that came in by the app, and what was answered there: also before they have their positions."""
    query = (
        select(Delivery)
        .where(
            Delivery.contact_id == message.contact_id,
            Delivery.reply_to_id == message.id,
            Delivery.channel == APP,
            Delivery.operation == Operation.SEND.value,
        )
        .order_by(Delivery.id)
    )
    answers = [_answer(one, one.text or None) for one in session.scalars(query) if one.state not in WITHHELD]
    return _own(message), answers


def label_of(session: Session, contact_point_id: UUID, contact_id: UUID, value: str) -> str:
    """What a choice was called when it was offered lately; nothing when it was not."""
    query = (
        select(Delivery.content)
        .where(Delivery.contact_id == contact_id, Delivery.contact_point_id == contact_point_id)
        .order_by(Delivery.id.desc())
        .limit(20)
    )
    offered = (choice for content in session.scalars(query) for choice in _choices(content))
    return next((choice.label for choice in offered if choice.value == value), "")


def _said(session: Session, facts: Sequence[Interaction]) -> list[Said]:
    """What these facts say; erased ones, codes and what was withheld say nothing."""
    subjects = [fact.subject_id for fact in facts if fact.subject_id]
    messages = {one.id: one for one in session.scalars(select(Message).where(Message.id.in_(subjects)))}
    deliveries = {one.id: one for one in session.scalars(select(Delivery).where(Delivery.id.in_(subjects)))}
    found = []
    for fact in facts:
        if fact.subject_id is None or not fact.payload:
            continue
        if (message := messages.get(fact.subject_id)) is not None:
            found.append(_own(message))
            continue
        delivery = deliveries.get(fact.subject_id)
        text = delivery and (json.loads(fact.payload).get("text") or _secret(delivery))
        if delivery is not None and text and _is_shown(delivery):
            found.append(_answer(delivery, text))
    return found


def _own(message: Message) -> Said:
    client_id = message.provider_id.partition(":")[2] if message.channel == APP else None
    return Said(
        message.id, message.created_at, message.channel, Author.CUSTOMER, message.text or None, client_id=client_id
    )


def _answer(delivery: Delivery, text: str | None) -> Said:
    author = Author.AGENT if delivery.kind == AGENT_REPLY else Author.BOT
    choices = _choices(delivery.content) if delivery.channel == APP else ()
    return Said(delivery.id, delivery.created_at, delivery.channel, author, text, choices)


def _is_shown(delivery: Delivery) -> bool:
    is_said = delivery.operation == Operation.SEND and delivery.kind != AGENT_REPLY_NEWS
    return is_said and delivery.state not in WITHHELD


def _secret(delivery: Delivery) -> str:
    """The words of a one-time link, which are not in the log: shown in the app alone, while the link can be used."""
    is_good = delivery.expires_at is not None and delivery.expires_at > clock.now()
    return delivery.text if delivery.channel == APP and is_good else ""


def _choices(content: Mapping[str, Any]) -> tuple[Choice, ...]:
    return tuple(Choice(label, value) for row in content.get("buttons", ()) for label, value in row)
