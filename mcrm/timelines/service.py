"""A person's timeline: the log's facts about all contacts that are this person, with what became of each message.

A delivery is one fact in the log, `delivery.queued`; its state lives on the delivery and is joined in here.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import Actor, Role
from mcrm.contacts import service as contacts
from mcrm.deliveries.models import Delivery
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.models import Interaction

SEEN_BY_CUSTOMERS = (
    Kind.CONTACT_POINT_ADDED,
    Kind.CONTACT_POINT_LINKED,
    Kind.CONTACT_POINT_VERIFIED,
    Kind.CONTACT_POINT_REMOVED,
    Kind.CONTACT_POINT_REPLACED,
    Kind.LANGUAGE_CHOSEN,
    Kind.CONSENT_GRANTED,
    Kind.CONSENT_WITHDRAWN,
    Kind.SUPPRESSION_SET,
    Kind.SUPPRESSION_LIFTED,
    Kind.MESSAGE_RECEIVED,
    Kind.DELIVERY_QUEUED,
    Kind.ORDER_PLACED,
    Kind.ORDER_CHANGED,
    Kind.ORDER_CONFIRMED,
    Kind.ORDER_SHIPPED,
    Kind.ORDER_DELIVERED,
    Kind.ORDER_CANCELLED,
    Kind.CONVERSATION_HANDED_OVER,
)
"""What concerns the customer: never notes, calls or other work of the staff."""
WORDS_OF_STAFF = {Kind.SUPPRESSION_SET.value: "detail", Kind.ORDER_CANCELLED.value: "reason"}
"""What staff wrote for each other into facts that the customer sees: the member of the payload."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One fact as a timeline shows it."""

    position: int
    at: datetime
    kind: str
    channel: str
    direction: str | None
    actor: str
    payload: dict[str, Any]


def timeline(
    session: Session,
    actor: Actor,
    *,
    contact_id: UUID,
    kind: Kind | None = None,
    channel: str | None = None,
    before: int | None = None,
    limit: int = 50,
) -> list[Happening]:
    """The newest facts about a contact within reach, newest first, below the position `before`.

    Merged contacts are one person: the facts of each that is within reach are here. Raises ContactUnknown.
    """
    contact = contacts.reachable(session, actor, contact_id)
    kinds = _kinds_for(actor, kind)
    if not kinds and kind is not None:
        return []
    channels = (channel,) if channel else ()
    facts = log.timeline(
        session,
        contacts.member_ids(session, actor, contact),
        before=before,
        kinds=kinds,
        channels=channels,
        limit=limit,
    )
    return shown(session, actor, facts)


def shown(session: Session, actor: Actor, facts: Sequence[Interaction]) -> list[Happening]:
    """Facts as this actor may read them, each message with what became of it."""
    states = _states(session, facts)
    return [_shown(actor, fact, states) for fact in facts]


def _kinds_for(actor: Actor, kind: Kind | None) -> Sequence[str]:
    """The kinds to look for; nothing means all of them, unless a kind was asked for that the actor may not see."""
    if actor.role is not Role.CUSTOMER:
        return () if kind is None else (kind.value,)
    return [seen.value for seen in SEEN_BY_CUSTOMERS if kind in (None, seen)]


def _states(session: Session, facts: Sequence[Interaction]) -> dict[UUID, tuple[str, str | None]]:
    ids = [fact.subject_id for fact in facts if fact.kind == Kind.DELIVERY_QUEUED and fact.subject_id]
    if not ids:
        return {}
    query = select(Delivery.id, Delivery.state, Delivery.reason).where(Delivery.id.in_(ids))
    return {row.id: (row.state, row.reason) for row in session.execute(query)}


def _shown(actor: Actor, fact: Interaction, states: dict[UUID, tuple[str, str | None]]) -> Happening:
    payload: dict[str, Any] = json.loads(fact.payload) if fact.payload else {}  # an erased one is empty
    if fact.subject_id in states:
        state, reason = states[fact.subject_id]
        payload |= {"delivery_id": str(fact.subject_id), "state": state, "reason": reason}
    who = fact.actor
    if actor.role is Role.CUSTOMER and who.startswith("user:"):
        who = "user"  # which of the staff it was is not the customer's to know
        payload.pop(WORDS_OF_STAFF.get(fact.kind, ""), None)
    return Happening(fact.position, fact.at, fact.kind, fact.channel, fact.direction, who, payload)
