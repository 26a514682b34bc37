"""What was said, as the app shows it: a message or an answer, with what can be chosen and what became of it."""

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
from mcrm.contacts.models import PointChannel
from mcrm.conversations.models import Message
from mcrm.deliveries.models import Delivery
from mcrm.deliveries.outgoing import Operation
from mcrm.interactions.kinds import Kind
from mcrm.interactions.models import Interaction

KINDS = (Kind.MESSAGE_RECEIVED.value, Kind.DELIVERY_QUEUED.value)
AGENT_REPLY = "agent-reply"
AGENT_REPLY_NEWS = "agent-reply-news"
APP = PointChannel.APP.value
LOOKED_BACK = 20


class Author(StrEnum):
    """Who wrote it: the customer, the bot (and whatever else goes out by itself), or a person of the business."""

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
    """One message. `state` is what became of one that went out; `text` is None where there are no words.

    `position` is None before the commit that gives it one, `client_id` the app's own name of what it sent.
    """

    id: UUID
    position: int | None
    at: datetime
    author: Author
    channel: str
    text: str | None
    state: str | None = None
    choices: tuple[Choice, ...] = ()
    client_id: str | None = None


def said(session: Session, facts: Sequence[Interaction]) -> list[Said]:
    """What these facts of the log say; erased ones, codes and used-up links say nothing."""
    subjects = [fact.subject_id for fact in facts if fact.subject_id]
    messages = {one.id: one for one in session.scalars(select(Message).where(Message.id.in_(subjects)))}
    deliveries = {one.id: one for one in session.scalars(select(Delivery).where(Delivery.id.in_(subjects)))}
    found = []
    for fact in facts:
        if fact.subject_id is None or not fact.payload:
            continue
        payload, position = json.loads(fact.payload), fact.position
        if (message := messages.get(fact.subject_id)) is not None:
            found.append(_own(message, payload.get("text"), position))
        elif (delivery := deliveries.get(fact.subject_id)) is not None:
            text = payload.get("text") or _secret(delivery)
            if is_message(fact.kind, payload | {"text": text}):
                found.append(_answer(delivery, text, position))
    return found


def exchange(session: Session, message: Message) -> tuple[Said, list[Said]]:
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
    answers = [_answer(one, one.text or None, None) for one in session.scalars(query)]
    return _own(message, message.text, None), answers


def label_of(session: Session, contact_point_id: UUID, contact_id: UUID, value: str) -> str:
    """What a choice was called when it was offered lately; nothing when it was not."""
    query = (
        select(Delivery.content)
        .where(Delivery.contact_id == contact_id, Delivery.contact_point_id == contact_point_id)
        .order_by(Delivery.id.desc())
        .limit(LOOKED_BACK)
    )
    offered = (choice for content in session.scalars(query) for choice in _choices(content))
    return next((choice.label for choice in offered if choice.value == value), "")


def is_message(kind: str, payload: Mapping[str, Any]) -> bool:
    """Whether it is something that was said.

    An edit replaces buttons, an answer to a tap has no words, and news of an answer only repeat it.
    """
    if kind == Kind.MESSAGE_RECEIVED:
        return True
    is_sent = payload.get("operation", Operation.SEND.value) == Operation.SEND.value
    return is_sent and bool(payload.get("text")) and payload.get("kind") != AGENT_REPLY_NEWS


def _own(message: Message, text: str | None, position: int | None) -> Said:
    client_id = message.provider_id.partition(":")[2] if message.channel == APP else None
    facts = (message.id, position, message.created_at, Author.CUSTOMER, message.channel)
    return Said(*facts, text or None, client_id=client_id)


def _answer(delivery: Delivery, text: str | None, position: int | None) -> Said:
    author = Author.AGENT if delivery.kind == AGENT_REPLY else Author.BOT
    choices = _choices(delivery.content) if delivery.channel == APP else ()
    facts = (delivery.id, position, delivery.created_at, author, delivery.channel)
    return Said(*facts, text, delivery.state, choices)


def _secret(delivery: Delivery) -> str:
    """The words of a one-time link, which are not in the log: shown in the app alone, while the link can be used."""
    is_good = delivery.expires_at is not None and delivery.expires_at > clock.now()
    return delivery.text if delivery.channel == APP and is_good else ""


def _choices(content: Mapping[str, Any]) -> tuple[Choice, ...]:
    return tuple(Choice(label, value) for row in content.get("buttons", ()) for label, value in row)
