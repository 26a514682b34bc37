"""Taking deliveries out of the outbox: leased while still queued, marked sending just before their calls.

A lease that lapses gives a queued delivery back. A delivery that was marked sending and whose worker vanished is
*unknown*, never queued again by itself: nobody can say whether it went out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, Text, bindparam, case, func, literal_column, or_, select, update
from sqlalchemy.orm import Session

from mcrm.among import Among
from mcrm.contacts.models import ContactPoint, PointChannel
from mcrm.deliveries import earlier, ending
from mcrm.deliveries.models import IN_FLIGHT, Delivery, DeliveryState
from mcrm.deliveries.outgoing import Operation, Outgoing
from mcrm.deliveries.rates import AddressBuckets, Rate, open_bucket
from mcrm.policy import gate

LEASE = timedelta(seconds=20)  # while still queued: how long a dead worker's share waits for another
SENDING = timedelta(seconds=60)  # once marked: longer than any call can take
UNKNOWN_AFTER = {
    "sms": timedelta(minutes=2),
    "telegram": timedelta(seconds=10),
    "push": timedelta(seconds=5),
    "app": timedelta(seconds=5),
}
WORKER_DIED = "worker-died"
QUEUED = literal_column(f"'{DeliveryState.QUEUED.value}'", Text)  # word for word, for the partial index


@dataclass(frozen=True, slots=True)
class Taken:
    """One delivery that a worker holds a lease on; what it says is read when it is marked."""

    id: UUID
    contact_point_id: UUID | None
    operation: str


@dataclass(frozen=True, slots=True)
class Leased:
    """One delivery in a worker's hands, about to be sent; `edits` is the earlier one whose message it changes."""

    outgoing: Outgoing
    request: gate.Request
    attempts: tuple[dict[str, Any], ...]
    secret: bool
    edits: UUID | None = None


@dataclass(frozen=True, slots=True)
class Lease:
    """What `lease` took, and how long to wait for more when a limit held the rest back (0: no limit did).

    `held` is the priority of the first that the limit held back; something more urgent may still go.
    """

    token: str
    taken: Sequence[Taken]
    wait_s: float = 0.0
    held: int | None = None


DUE = (
    select(
        Delivery.id,
        Delivery.channel,
        Delivery.operation,
        Delivery.purpose,
        Delivery.kind,
        Delivery.contact_id,
        Delivery.text,
        Delivery.content,
        Delivery.expires_at,
        Delivery.attempts,
        ContactPoint.address,
        ContactPoint.contact_id.label("owner_id"),
        ContactPoint.state.label("point_state"),
        ContactPoint.kind.label("address_kind"),
        ContactPoint.platform,
    )
    .outerjoin(ContactPoint, ContactPoint.id == Delivery.contact_point_id)
    .order_by(Delivery.priority, Delivery.not_before, Delivery.id)
)


def next_due(connection: Connection, channel: str, now: datetime) -> datetime | None:
    """When the next queued delivery of a channel is due, `now` at the earliest; None when there is none.

    A look without a lock; what somebody has leased counts from the end of the lease.
    """
    if connection.execute(_READY, {"b_channel": channel, "b_now": now}).first() is not None:
        return now
    due: datetime | None = connection.scalar(_EARLIEST, {"b_channel": channel})
    return due


def is_due(connection: Connection, channel: str, now: datetime, *, more_urgent_than: int) -> bool:
    """Whether something more urgent is due on a channel. A look without a lock."""
    query = {"b_channel": channel, "b_now": now, "b_priority": more_urgent_than}
    return connection.execute(_URGENT, query).first() is not None


def lease(
    session: Session,
    *,
    channel: str,
    sender: str,
    rate: Rate,
    cost: Callable[[Outgoing], int],
    token: str,
    now: datetime,
    limit: int = 200,
) -> Lease:
    """Take what is due on a channel, most urgent first, as far as the sender's rate allows.

    Two workers never take the same one: PostgreSQL skips locked rows, SQLite lets one writer in at a time. What is
    taken stays so beyond this transaction only when it is marked as being sent, or held (`hold`).
    """
    query = {"b_channel": channel, "b_now": now, "b_limit": limit}
    rows = session.connection().execute(_WAITING, query).all()
    if not rows:
        return Lease(token, ())
    taken, wait_s, held, postponed = _within_limits(session, rows, sender, rate, cost, now)
    if postponed:
        session.connection().execute(_POSTPONE, [{"b_id": id_, "b_again": again} for id_, again in postponed])
    return Lease(token, taken, wait_s, held)


def _within_limits(
    session: Session, rows: Sequence[Any], sender: str, rate: Rate, cost: Callable[[Outgoing], int], now: datetime
) -> tuple[list[Taken], float, int | None, list[tuple[UUID, datetime]]]:
    """What may go now; how long the sender waits for more, and of which priority; what waits for its own address."""
    bucket = open_bucket(session, sender, rate, now)
    addresses = AddressBuckets(session, sender, rate, now, {row.contact_point_id for row in rows})
    taken: list[Taken] = []
    postponed: list[tuple[UUID, datetime]] = []
    for row in rows:
        is_answer = row.operation == Operation.ANSWER  # a tap's answer is no message in the chat
        if not is_answer and (wait_s := addresses.wait_s(row.contact_point_id)):
            postponed.append((row.id, now + timedelta(seconds=wait_s)))
            continue
        if not bucket.take(cost(Outgoing(row.id, row.channel, "", row.text)), row.priority):
            bucket.save()
            return taken, bucket.wait_s, row.priority, postponed
        if not is_answer:
            addresses.take(row.contact_point_id)
        taken.append(Taken(row.id, row.contact_point_id, row.operation))
    bucket.save()
    return taken, 0.0, None, postponed


def hold(session: Session, taken: Sequence[Taken], *, token: str, now: datetime) -> None:
    """Keep what was taken and is not sent at once from other workers, until the lease lapses."""
    parameters = {"b_ids": [one.id for one in taken], "b_until": now + LEASE, "b_token": token}
    session.connection().execute(_HOLD, parameters)


def mark_sending(
    session: Session, slice_: Sequence[Taken], *, token: str, now: datetime, held: bool = True
) -> list[Leased]:
    """Mark a slice as being sent; what the policy forbids is ended with its reason and left out.

    Everything is read again, and judged now and not when it was queued: a STOP, or a number that changed hands, in
    between holds. Only rows that are still queued are marked, and still ours: `held`, or taken in this transaction.
    """
    session.flush()
    parameters = {"b_ids": [one.id for one in slice_], "b_token": token}
    rows = session.connection().execute(_HELD if held else _TAKEN, parameters)
    fresh = [_leased(row, now) for row in rows]
    verdicts = gate.may_send(session, [leased.request for leased in fresh], now)
    allowed = [leased for leased in fresh if verdicts[leased.outgoing.id].answer is gate.Answer.ALLOWED]
    for leased in fresh:
        if (verdict := verdicts[leased.outgoing.id]).answer is gate.Answer.HELD:
            ending.postpone(session, session.get_one(Delivery, leased.outgoing.id), verdict)
        elif verdict.answer is not gate.Answer.ALLOWED:
            ending.withhold(session, session.get_one(Delivery, leased.outgoing.id), verdict, now)
    allowed = earlier.referring(session, allowed, now)
    if allowed:
        ids = [leased.outgoing.id for leased in allowed]
        session.connection().execute(_SENDING, {"b_ids": ids, "b_until": now + SENDING, "b_token": token})
    return allowed


def release(session: Session, *, token: str) -> int:
    """Give back what is leased and was not begun (a worker that stops); how many."""
    result = session.execute(
        update(Delivery)
        .where(Delivery.state == DeliveryState.QUEUED.value, Delivery.lease_token == token)
        .values(lease_until=None, lease_token=None)
        .execution_options(synchronize_session=False)
    )
    return int(result.rowcount)  # type: ignore[attr-defined]


def sweep(session: Session, *, now: datetime) -> int:
    """Deliveries whose worker vanished while sending become unknown; how many."""
    lapsed = session.scalars(
        select(Delivery)
        .where(IN_FLIGHT, Delivery.state == DeliveryState.SENDING.value, Delivery.lease_until < now)
        .with_for_update(skip_locked=True)
        .limit(500)
    ).all()
    for delivery in lapsed:
        ending.end(delivery, DeliveryState.UNKNOWN, WORKER_DIED, now)
        ending.note(delivery, f"unknown:{WORKER_DIED}", now)
        delivery.lease_until = look_again_at(delivery.channel, now)
    return len(lapsed)


def look_again_at(channel: str, now: datetime) -> datetime:
    """When somebody looks at a delivery that became unknown now: a receipt may settle it before."""
    return now + UNKNOWN_AFTER.get(channel, UNKNOWN_AFTER["sms"])


_deliveries: Any = Delivery.__table__
_ids = Among(_deliveries.c.id, "b_ids")
_waiting = (_deliveries.c.state == QUEUED, _deliveries.c.channel == bindparam("b_channel"))
_ready = (
    *_waiting,
    _deliveries.c.not_before <= bindparam("b_now"),
    or_(_deliveries.c.lease_until.is_(None), _deliveries.c.lease_until <= bindparam("b_now")),
)
_READY = select(_deliveries.c.id).where(*_ready).limit(1)
_URGENT = _READY.where(_deliveries.c.priority < bindparam("b_priority"))
_EARLIEST = select(
    func.min(
        case(
            (_deliveries.c.lease_until > _deliveries.c.not_before, _deliveries.c.lease_until),
            else_=_deliveries.c.not_before,
        )
    )
).where(*_waiting)
_WAITING = (
    select(
        _deliveries.c.id,
        _deliveries.c.channel,
        _deliveries.c.operation,
        _deliveries.c.priority,
        _deliveries.c.contact_point_id,
        _deliveries.c.text,
    )
    .where(*_ready)
    .order_by(_deliveries.c.priority, _deliveries.c.not_before, _deliveries.c.id)
    .limit(bindparam("b_limit"))
    .with_for_update(skip_locked=True)
)
_TAKEN = DUE.where(_ids, _deliveries.c.state == DeliveryState.QUEUED.value).with_for_update(of=Delivery)
_HELD = _TAKEN.where(_deliveries.c.lease_token == bindparam("b_token"))
_HOLD = update(_deliveries).where(_ids).values(lease_until=bindparam("b_until"), lease_token=bindparam("b_token"))
_SENDING = _HOLD.values(state=DeliveryState.SENDING.value, tries=_deliveries.c.tries + 1)
_POSTPONE = update(_deliveries).where(_deliveries.c.id == bindparam("b_id")).values(not_before=bindparam("b_again"))


def _leased(row: Row[Any], now: datetime) -> Leased:
    request = gate.Request(
        id=row.id,
        channel=row.channel,
        purpose=row.purpose,
        kind=row.kind,
        contact_id=row.contact_id,
        owner_id=row.owner_id,
        address=row.address,
        point_state=row.point_state,
        expires_at=row.expires_at,
    )
    content = row.content or {}
    return Leased(
        outgoing=outgoing_of(row, now),
        request=request,
        attempts=tuple(row.attempts or ()),
        secret=bool(content.get("secret")) and row.channel != PointChannel.APP,  # that one is read here
        edits=UUID(content["edits"]) if content.get("edits") else None,
    )


def outgoing_of(row: Row[Any], now: datetime) -> Outgoing:
    """What the sender gets, from a row of `DUE`; it must not wait at the provider for longer than it is good for."""
    content = row.content or {}
    return Outgoing(
        id=row.id,
        channel=row.channel,
        address=row.address or "",
        text=row.text,
        operation=Operation(row.operation),
        title=content.get("title"),
        data=content.get("data") or {},
        buttons=tuple(tuple((label, data) for label, data in line) for line in content.get("buttons") or ()),
        reply_keyboard=bool(content.get("reply_keyboard")),
        reference=content.get("reference"),
        address_kind=row.address_kind,
        platform=row.platform,
        collapse_key=content.get("collapse_key"),
        ttl_s=_ttl_s(content.get("ttl_s"), row.expires_at, now),
    )


def _ttl_s(wished: int | None, expires_at: datetime | None, now: datetime) -> int | None:
    left = None if expires_at is None else max(1, int((expires_at - now).total_seconds()))
    return wished if left is None else left if wished is None else min(wished, left)
