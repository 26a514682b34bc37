"""What came of the attempts: written only where the delivery is still in this worker's hands.

Back-off is 10 seconds doubling to an hour, with jitter, eight tries or until the message expires. What an outcome says
about the address (stopped, dead, moved) is recorded with it, and the next way is tried where there is one.
"""

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ARRAY, bindparam, func, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from mcrm.contacts import points
from mcrm.deliveries import rates
from mcrm.deliveries.ending import (
    ACCEPTED,
    MOST_TRIES,
    attempt,
    backoff_s,
    end,
    fail,
    note,
    point_of,
    report_overdue_at,
    requeue,
    stop,
)
from mcrm.deliveries.leasing import Leased, look_again_at
from mcrm.deliveries.models import Delivery, DeliveryState
from mcrm.deliveries.outgoing import Ambiguous, Deferred, Failed, Moved, Outcome, Sent, Suppressed

log = logging.getLogger(__name__)
EXHAUSTED = "tries-exhausted"
MANY = 4  # from so many on, one statement pays


@dataclass(frozen=True, slots=True)
class Settlement:
    """One attempt and what came of it."""

    leased: Leased
    outcome: Outcome


def settle(session: Session, settlements: Sequence[Settlement], *, sender: str, token: str, now: datetime) -> None:
    """Write what came of a slice; an attempt whose delivery is no longer ours changes nothing."""
    accepted = [one for one in settlements if isinstance(one.outcome, Sent)]
    for secret in (False, True):
        if rows := [_accepted(one, token, now) for one in accepted if one.leased.secret is secret]:
            _accept(session, rows, secret=secret)
    for one in settlements:
        if not isinstance(one.outcome, Sent):
            _settle_other(session, one, sender, token, now)


def _accept(session: Session, rows: Sequence[dict[str, Any]], *, secret: bool) -> None:
    """All of a slice; on PostgreSQL by one statement, for each one alone is a turn of the server."""
    if len(rows) < MANY or session.connection().dialect.name != "postgresql":
        session.execute(_ACCEPT_SECRET if secret else _ACCEPT, rows)
        return
    each = {f"all_{name}": [row[name] for row in rows] for name in ("b_id", "provider_id", "attempts")}
    shared = {name: rows[0][name] for name in ("b_token", "accepted_at", "lease_until")}  # a slice is of one channel
    session.execute(_ACCEPT_ALL_SECRET if secret else _ACCEPT_ALL, shared | each)


def _accepted(one: Settlement, token: str, now: datetime) -> dict[str, Any]:
    assert isinstance(one.outcome, Sent)
    return {
        "b_id": one.leased.outgoing.id,
        "b_token": token,
        "provider_id": one.outcome.provider_id,
        "accepted_at": now,
        "lease_until": report_overdue_at(one.leased.outgoing.channel, now),
        "attempts": _attempts(one, ACCEPTED, now),
    }


_table: Any = Delivery.__table__
_OURS = update(_table).where(
    _table.c.lease_token == bindparam("b_token"), _table.c.state == DeliveryState.SENDING.value
)
_OURS = _OURS.values(
    state=DeliveryState.ACCEPTED.value,
    accepted_at=bindparam("accepted_at"),
    reason=None,
    lease_until=bindparam("lease_until"),
    lease_token=None,
)
_ACCEPT = _OURS.where(_table.c.id == bindparam("b_id")).values(
    provider_id=bindparam("provider_id"), attempts=bindparam("attempts")
)
_each = (
    func.unnest(
        bindparam("all_b_id", type_=ARRAY(_table.c.id.type)),
        bindparam("all_provider_id", type_=ARRAY(_table.c.provider_id.type)),
        bindparam("all_attempts", type_=ARRAY(JSONB(), dimensions=1)),
    )
    .table_valued("id", "provider_id", "attempts", name="each")
    .render_derived()
)
_ACCEPT_ALL = _OURS.where(_table.c.id == _each.c.id).values(provider_id=_each.c.provider_id, attempts=_each.c.attempts)
_ACCEPT_SECRET, _ACCEPT_ALL_SECRET = _ACCEPT.values(text=""), _ACCEPT_ALL.values(text="")
"""A one-time code has served once it left."""


def _settle_other(session: Session, one: Settlement, sender: str, token: str, now: datetime) -> None:
    delivery = session.get(Delivery, one.leased.outgoing.id, with_for_update=True, populate_existing=True)
    if delivery is None or delivery.lease_token != token or delivery.state != DeliveryState.SENDING:
        return
    delivery.attempts = list(one.leased.attempts)
    conclude(session, delivery, one.outcome, sender=sender, platform=one.leased.outgoing.platform, now=now)


def conclude(
    session: Session, delivery: Delivery, outcome: Outcome, *, sender: str, now: datetime, platform: str | None = None
) -> None:
    """Write what a provider said, at once or in a report later, about a locked delivery that it did not take."""
    note(delivery, _said(outcome), now)
    if getattr(outcome, "alert", False):
        log.error("delivery %s on %s needs attention: %s", delivery.id, sender, outcome.reason)  # type: ignore[union-attr]
    match outcome:
        case Deferred():
            _defer(session, delivery, outcome, _paused_by(outcome, sender, platform), now)
        case Ambiguous(reason):
            end(delivery, DeliveryState.UNKNOWN, reason, now)
            delivery.lease_until = look_again_at(delivery.channel, now)
        case Failed(reason, address_invalid, _):
            fail(session, delivery, reason, now, address_invalid=address_invalid)
        case Suppressed(reason):
            stop(session, delivery, reason, now)
        case Moved(address, reason):
            _move(session, delivery, address, reason, now)


def _defer(session: Session, delivery: Delivery, outcome: Deferred, paused: str | None, now: datetime) -> None:
    if not outcome.counts:
        delivery.tries = max(0, delivery.tries - 1)
    if delivery.tries >= MOST_TRIES:
        return fail(session, delivery, EXHAUSTED, now)
    if delivery.content.get("secret") and not delivery.text:
        return fail(session, delivery, outcome.reason, now)  # it had left, and its code went with it
    pause_s = max(outcome.retry_after_s or 0.0, backoff_s(delivery.tries) if outcome.counts else 1.0)
    again = now + timedelta(seconds=pause_s)
    if paused is not None:
        rates.pause(session, paused, now + timedelta(seconds=outcome.retry_after_s or pause_s), outcome.reason)
    if delivery.expires_at is not None and again >= delivery.expires_at:
        return fail(session, delivery, outcome.reason, now)
    return requeue(session, delivery, at=again, reason=outcome.reason)


def _paused_by(outcome: Deferred, sender: str, platform: str | None) -> str | None:
    """Whose pause it is: the whole sender's, that of one platform of it, or nobody's."""
    if outcome.pauses_sender:
        return sender
    return rates.of_platform(sender, platform) if outcome.pauses_platform and platform else None


def _move(session: Session, delivery: Delivery, address: str, reason: str, now: datetime) -> None:
    point = point_of(session, delivery)
    if point is None or points.find(session, point.channel, address) is not None:
        return fail(session, delivery, reason, now)
    point.address = address
    return requeue(session, delivery, at=now, reason=reason)


def _attempts(one: Settlement, outcome: str, now: datetime) -> list[dict[str, Any]]:
    return [*one.leased.attempts, attempt(outcome, now)]


def _said(outcome: Outcome) -> str:
    names = {Deferred: "deferred", Failed: "failed", Suppressed: "suppressed", Moved: "moved", Ambiguous: "unknown"}
    return f"{names[type(outcome)]}:{outcome.reason}"  # type: ignore[union-attr]


def settled_of(leased: Iterable[Leased], outcomes: Iterable[Outcome]) -> list[Settlement]:
    """Attempts with their outcomes, in order."""
    return [Settlement(one, outcome) for one, outcome in zip(leased, outcomes, strict=True)]
