"""A human's word on many deliveries at once: send once more, or give up, what failed or is in doubt.

One call decides a page of at most 200, oldest first, and says whether there are more: nobody waits for a transaction
over ten thousand rows. What was decided falls out of the filter, so calling again goes on and repeats nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Select, func, or_
from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.contacts.people import is_person
from mcrm.deliveries import service
from mcrm.deliveries.errors import NothingToDecide, SecretIsGone
from mcrm.deliveries.models import UNDECIDED, Delivery
from mcrm.deliveries.service import ABANDONED, UNSETTLED

MOST_AT_ONCE = 200
MOST_GROUPS = 200
Decide = Callable[[Session, Actor, UUID], Delivery]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which deliveries are meant; None leaves a side open. `since` counts in, `until` does not."""

    state: str | None = None
    channel: str | None = None
    kind: str | None = None
    reason: str | None = None
    contact_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Failures:
    """So many deliveries of one kind did not arrive on one channel for one reason; `since` is the oldest's time."""

    state: str
    channel: str
    kind: str
    reason: str | None
    count: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Decided:
    """How many were decided, how many somebody else had decided meanwhile, and whether there are more."""

    decided: int
    skipped: int
    has_more: bool


def narrowed(query: Select[Delivery], where: Filter) -> Select[Delivery]:
    """A select of deliveries, narrowed to what the filter says."""
    if where.contact_id is not None:
        query = query.where(is_person(Delivery.contact_id, where.contact_id))
    for name in ("state", "channel", "kind", "reason"):
        if (wanted := getattr(where, name)) is not None:
            query = query.where(getattr(Delivery, name) == (wanted.value if isinstance(wanted, StrEnum) else wanted))
    if where.state in UNSETTLED:
        query = query.where(UNDECIDED)  # follows from the state, but only so the index is found
    if where.since is not None:
        query = query.where(Delivery.created_at >= where.since)
    if where.until is not None:
        query = query.where(Delivery.created_at < where.until)
    return query


def failures(session: Session, actor: Actor) -> list[Failures]:
    """What failed or is in doubt and that nobody gave up, counted by why; the most frequent first."""
    facts = (Delivery.state, Delivery.channel, Delivery.kind, Delivery.reason)
    counted = (
        _undecided(actor, Filter())
        .order_by(None)
        .with_only_columns(*facts, func.count(), func.min(Delivery.created_at))
        .group_by(*facts)
        .order_by(func.count().desc(), *facts)
        .limit(MOST_GROUPS)
    )
    return [Failures(*row) for row in session.execute(counted)]


def retry_many(session: Session, actor: Actor, where: Filter, *, limit: int = MOST_AT_ONCE) -> Decided:
    """Send once more what failed or is in doubt within the filter; what held a one-time code is skipped."""
    return _decide_many(session, actor, _undecided(actor, where).where(Delivery.text != ""), service.retry, limit)


def abandon_many(session: Session, actor: Actor, where: Filter, *, limit: int = MOST_AT_ONCE) -> Decided:
    """Give up what failed or is in doubt within the filter."""
    return _decide_many(session, actor, _undecided(actor, where), service.abandon, limit)


def _decide_many(session: Session, actor: Actor, which: Select[Delivery], decide: Decide, limit: int) -> Decided:
    found = list(session.scalars(which.with_only_columns(Delivery.id).limit(limit + 1)))
    decided = skipped = 0
    for delivery_id in found[:limit]:
        try:
            decide(session, actor, delivery_id)
            decided += 1
        except (NothingToDecide, SecretIsGone):  # somebody else was faster, or there is nothing left to send
            skipped += 1
    return Decided(decided, skipped, has_more=len(found) > limit)


def _undecided(actor: Actor, where: Filter) -> Select[Delivery]:
    return (
        narrowed(service.deliveries_of(actor), where)
        .where(UNDECIDED, Delivery.contact_point_id.is_not(None))
        .where(or_(Delivery.reason.is_(None), Delivery.reason != ABANDONED))
        .order_by(Delivery.id)
    )
