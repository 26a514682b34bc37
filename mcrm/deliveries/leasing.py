"""Taking deliveries out of the outbox: leased while still queued, marked sending just before their calls.

A lease that lapses gives a queued delivery back. A delivery that was marked sending and whose worker vanished is
*unknown*, never queued again by itself: nobody can say whether it went out.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, case, func, or_, select, update
from sqlalchemy.orm import Session

from mcrm.contacts.models import ContactPoint
from mcrm.deliveries.models import Delivery, DeliveryState
from mcrm.deliveries.outgoing import Operation, Outgoing
from mcrm.deliveries.rates import Rate, open_bucket
from mcrm.policy import gate

LEASE = timedelta(seconds=60)
UNKNOWN_AFTER = {"sms": timedelta(minutes=2), "telegram": timedelta(seconds=10), "push": timedelta(seconds=5)}
WORKER_DIED = "worker-died"


@dataclass(frozen=True, slots=True)
class Leased:
    """One delivery in a worker's hands, not sent yet."""

    outgoing: Outgoing
    request: gate.Request
    attempts: tuple[dict[str, Any], ...]
    priority: int
    contact_point_id: UUID | None


@dataclass(frozen=True, slots=True)
class Lease:
    """What `lease` took, and how long to wait for more when a limit held the rest back (0: no limit did)."""

    token: str
    taken: Sequence[Leased]
    wait_s: float = 0.0


DUE = (
    select(
        Delivery.id,
        Delivery.channel,
        Delivery.operation,
        Delivery.purpose,
        Delivery.kind,
        Delivery.priority,
        Delivery.contact_id,
        Delivery.contact_point_id,
        Delivery.text,
        Delivery.content,
        Delivery.expires_at,
        Delivery.attempts,
        ContactPoint.address,
        ContactPoint.state.label("point_state"),
        ContactPoint.kind.label("address_kind"),
        ContactPoint.platform,
    )
    .outerjoin(ContactPoint, ContactPoint.id == Delivery.contact_point_id)
    .where(Delivery.state == DeliveryState.QUEUED.value)
    .order_by(Delivery.priority, Delivery.not_before, Delivery.id)
)


def next_due(session: Session, channel: str) -> datetime | None:
    """When the earliest queued delivery of a channel is due; None when there is none. A look, no lock."""
    earliest = func.min(
        case((Delivery.lease_until > Delivery.not_before, Delivery.lease_until), else_=Delivery.not_before)
    )
    query = select(earliest).where(Delivery.state == DeliveryState.QUEUED.value, Delivery.channel == channel)
    due: datetime | None = session.scalar(query)
    return due


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

    Two workers never take the same one: PostgreSQL skips locked rows, SQLite lets one writer in at a time.
    """
    free = or_(Delivery.lease_until.is_(None), Delivery.lease_until <= now)
    query = DUE.where(Delivery.channel == channel, Delivery.not_before <= now, free).limit(limit)
    rows = session.execute(query.with_for_update(skip_locked=True, of=Delivery)).all()
    if not rows:
        return Lease(token, ())
    bucket = open_bucket(session, sender, rate, now)
    taken, wait_s = [], 0.0
    for row in rows:
        leased = _leased(row)
        if not bucket.take(cost(leased.outgoing), row.priority):
            wait_s = bucket.wait_s
            break
        taken.append(leased)
    bucket.save()
    if taken:
        ids = [leased.outgoing.id for leased in taken]
        session.execute(
            update(Delivery)
            .where(Delivery.id.in_(ids))
            .values(lease_until=now + LEASE, lease_token=token)
            .execution_options(synchronize_session=False)
        )
    return Lease(token, taken, wait_s)


def mark_sending(session: Session, slice_: Sequence[Leased], *, token: str, now: datetime) -> list[Leased]:
    """Mark a slice as being sent; what the policy forbids is settled with its reason and left out.

    Judged now and not when it was queued: a STOP that came in between holds. Only rows that are still ours and still
    queued are marked.
    """
    verdicts = gate.may_send(session, [leased.request for leased in slice_], now)
    allowed = [leased for leased in slice_ if verdicts[leased.outgoing.id].answer is gate.Answer.ALLOWED]
    for leased in slice_:
        verdict = verdicts[leased.outgoing.id]
        if verdict.answer is not gate.Answer.ALLOWED:
            _withhold(session, leased, verdict, token, now)
    if not allowed:
        return []
    marked = session.scalars(
        update(Delivery)
        .where(Delivery.id.in_([leased.outgoing.id for leased in allowed]))
        .where(Delivery.state == DeliveryState.QUEUED.value, Delivery.lease_token == token)
        .values(state=DeliveryState.SENDING.value, tries=Delivery.tries + 1, lease_until=now + LEASE)
        .returning(Delivery.id)
        .execution_options(synchronize_session=False)
    )
    ours = set(marked)
    return [leased for leased in allowed if leased.outgoing.id in ours]


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
    lapsed = session.execute(
        select(Delivery.id, Delivery.channel, Delivery.attempts)
        .where(Delivery.state == DeliveryState.SENDING.value, Delivery.lease_until < now)
        .with_for_update(skip_locked=True)
        .limit(500)
    ).all()
    for id_, channel, attempts in lapsed:
        session.execute(
            update(Delivery)
            .where(Delivery.id == id_)
            .values(
                state=DeliveryState.UNKNOWN.value,
                reason=WORKER_DIED,
                lease_token=None,
                lease_until=now + UNKNOWN_AFTER.get(channel, UNKNOWN_AFTER["sms"]),
                attempts=[*attempts, {"at": now.isoformat(), "outcome": f"unknown:{WORKER_DIED}"}],
            )
            .execution_options(synchronize_session=False)
        )
    return len(lapsed)


def _withhold(session: Session, leased: Leased, verdict: gate.Verdict, token: str, now: datetime) -> None:
    state = DeliveryState.EXPIRED if verdict.answer is gate.Answer.EXPIRED else DeliveryState.SUPPRESSED
    session.execute(
        update(Delivery)
        .where(Delivery.id == leased.outgoing.id, Delivery.lease_token == token)
        .values(state=state.value, reason=verdict.reason, settled_at=now, lease_until=None, lease_token=None)
        .execution_options(synchronize_session=False)
    )


def _leased(row: Row[Any]) -> Leased:
    request = gate.Request(
        id=row.id,
        channel=row.channel,
        purpose=row.purpose,
        kind=row.kind,
        contact_id=row.contact_id,
        address=row.address,
        point_state=row.point_state,
        expires_at=row.expires_at,
    )
    return Leased(outgoing_of(row), request, tuple(row.attempts or ()), row.priority, row.contact_point_id)


def outgoing_of(row: Row[Any]) -> Outgoing:
    """What the sender gets, from a row of `DUE`."""
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
        ttl_s=content.get("ttl_s"),
    )
