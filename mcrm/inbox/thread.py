"""What an agent sees of a conversation: all that was said on every channel, and the customer at a glance."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.access.models import User
from mcrm.actors import Actor
from mcrm.cases.models import Case, CaseState
from mcrm.consents import service as consents
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.contacts.people import is_person, person_ids
from mcrm.contacts.service import points_of
from mcrm.inbox.models import Handover
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.orders.models import Order
from mcrm.timelines import service as timelines
from mcrm.timelines.service import Happening

KINDS = (
    Kind.MESSAGE_RECEIVED.value,
    Kind.DELIVERY_QUEUED.value,
    Kind.CONVERSATION_HANDED_OVER.value,
    Kind.CONVERSATION_TAKEN.value,
    Kind.CONVERSATION_TAKEN_OVER.value,
    Kind.CONVERSATION_TRANSFERRED.value,
    Kind.CONVERSATION_NOTED.value,
    Kind.CONVERSATION_RESOLVED.value,
    Kind.CONVERSATION_RETURNED.value,
    Kind.CONVERSATION_RATED.value,
    Kind.CASE_OPENED.value,
    Kind.NOTE_ADDED.value,
)
LATEST_ORDERS = 5


@dataclass(frozen=True, slots=True)
class Glance:
    """Who somebody is and what is going on with them; all lists are empty for a stranger."""

    contact: Contact | None
    addresses: list[ContactPoint]
    orders: list[Order]
    consents: list[Any]
    suppressions: list[dict[str, str]]
    cases: list[Case]


def thread(
    session: Session, actor: Actor, handover: Handover, *, before: int | None = None, limit: int = 50
) -> list[Happening]:
    """The newest of what was said and done, newest first, below the position `before`."""
    if handover.contact_id is None:
        facts = log.of_stranger(session, handover.contact_point_id, before=before, kinds=KINDS, limit=limit)
    else:
        ids = person_ids(session, session.get_one(Contact, handover.contact_id))
        facts = log.timeline(session, ids, before=before, kinds=KINDS, limit=limit)
    return timelines.shown(session, actor, facts)


def names_of(session: Session, happenings: list[Happening]) -> dict[str, str]:
    """From the log's words for people of the staff (`user:<id>`) to their names."""
    ids = {UUID(one.actor.removeprefix("user:")) for one in happenings if one.actor.startswith("user:")}
    query = select(User.id, User.name).where(User.id.in_(ids))
    return {f"user:{row.id}": row.name for row in session.execute(query)} if ids else {}


def glance(session: Session, handover: Handover) -> Glance:
    """The customer of a hand-over at a glance: addresses, consents and stops, the latest orders, cases not closed."""
    if handover.contact_id is None:
        point = session.get_one(ContactPoint, handover.contact_point_id)
        return Glance(None, [point], [], [], _stops(session, [point]), [])
    contact = session.get_one(Contact, handover.contact_id)
    ids = person_ids(session, contact)
    points = points_of(session, ids)
    orders = select(Order).where(is_person(Order.contact_id, contact.id))
    cases = select(Case).where(is_person(Case.contact_id, contact.id), Case.state != CaseState.CLOSED.value)
    return Glance(
        contact,
        points,
        list(session.scalars(orders.order_by(Order.placed_at.desc(), Order.id.desc()).limit(LATEST_ORDERS))),
        consents.consents_of(session, ids),
        _stops(session, points),
        list(session.scalars(cases.order_by(Case.id.desc()).limit(LATEST_ORDERS))),
    )


def _stops(session: Session, points: list[ContactPoint]) -> list[dict[str, str]]:
    return [
        {"channel": point.channel, "address": point.address, "reason": stop.reason}
        for point in points
        for stop in consents.suppressions_of(session, point.channel, point.address)
    ]
