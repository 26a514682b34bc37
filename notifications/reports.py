"""What providers report later: every report is kept as it came; the delivery's status only ever moves forward.

Twilio's callbacks come late, twice and in any order (channels: accepted 0 … delivered 4, read 5); only a higher rank
counts. A report also settles a delivery of which nobody knew whether it had left: it names our id in its address. A
failure means here what it would have meant at once (`sms_codes`): what only the sender is to blame for is queued again.
"""

from dataclasses import dataclass, replace
from typing import cast
from uuid import UUID

from sqlalchemy import Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.deliveries import ending, settling
from mcrm.deliveries.models import Delivery, DeliveryState, Receipt
from mcrm.deliveries.outgoing import Deferred, Failed, Outcome
from mcrm.ids import new_id
from mcrm.prepared import Prepared
from notifications import sms_codes

RANKS = {
    "accepted": 0,
    "scheduled": 0,
    "queued": 1,
    "sending": 2,
    "sent": 3,
    "delivered": 4,
    "undelivered": 4,
    "failed": 4,
    "canceled": 4,
    "read": 5,
}
REFUSED = frozenset({"undelivered", "failed", "canceled"})
_deliveries, _receipts = cast(Table, Delivery.__table__), cast(Table, Receipt.__table__)
_KEEP = Prepared(
    insert(_receipts)
    .values({name: bindparam(name) for name in ("id", "created_at", "delivery_id", "provider_id", "status", "code")})
    .returning(_receipts.c.id)
)
_ONWARD = (
    update(_deliveries)
    .where(
        _deliveries.c.id == bindparam("b_id"),
        _deliveries.c.channel == "sms",
        _deliveries.c.provider_id == bindparam("b_provider_id"),
        _deliveries.c.state == DeliveryState.ACCEPTED.value,
        _deliveries.c.provider_rank < bindparam("b_rank"),
    )
    .values(provider_rank=bindparam("b_rank"))
    .returning(_deliveries.c.id)
)
_DELIVERED = _ONWARD.values(
    state=DeliveryState.DELIVERED.value, settled_at=bindparam("b_now"), reason=None, lease_until=None, lease_token=None
)
_TAKE_ONWARD, _TAKE_DELIVERED = Prepared(_ONWARD), Prepared(_DELIVERED)


@dataclass(frozen=True, slots=True)
class Report:
    """One report of a provider about one message: `status` is one of RANKS, `code` the provider's error code."""

    delivery_id: UUID | None
    provider_id: str | None
    status: str
    code: str | None


def record(session: Session, report: Report, *, sender: str) -> bool:
    """Keep the report, and move its delivery forward; whether it did. A report of an unknown delivery is kept too.

    `sender` is the one to pause where the failure is its own.
    """
    if _is_ordinary(session, report):
        _keep(session, report, report.delivery_id)
        return True
    delivery = _delivery(session, report)
    is_news = (
        delivery is not None and ending.is_open(delivery) and not _is_of_an_earlier_attempt(session, delivery, report)
    )
    _keep(session, report, delivery.id if delivery else None)
    if delivery is None or not is_news:
        return False
    if delivery.provider_id is None and report.provider_id is not None:
        ending.accept(delivery, report.provider_id, clock.now())  # it had left after all
    if RANKS[report.status] <= delivery.provider_rank:
        return False
    delivery.provider_rank = RANKS[report.status]
    _advance(session, delivery, report, sender)
    return True


def _is_ordinary(session: Session, report: Report) -> bool:
    """Whether it is the next good news of what was accepted, and so is written by one statement.

    Three of them follow each text: they decide how much a small machine can answer.
    """
    if report.delivery_id is None or report.provider_id is None or report.status in REFUSED or report.status == "read":
        return False
    session.flush()
    values = {"b_id": report.delivery_id, "b_provider_id": report.provider_id, "b_rank": RANKS[report.status]}
    if report.status == "delivered":
        return bool(_TAKE_DELIVERED.all(session.connection(), values | {"b_now": clock.now()}))
    return bool(_TAKE_ONWARD.all(session.connection(), values))


def _keep(session: Session, report: Report, delivery_id: UUID | None) -> None:
    row = {"id": new_id(), "created_at": clock.now(), "delivery_id": delivery_id, "provider_id": report.provider_id}
    _KEEP.all(session.connection(), row | {"status": report.status, "code": report.code})


def _is_of_an_earlier_attempt(session: Session, delivery: Delivery, report: Report) -> bool:
    """Whether this message was reported as failed before: it comes twice, or late, and the delivery has moved on."""
    if delivery.provider_id is not None or report.provider_id is None:
        return False
    ended = select(Receipt.id).where(
        Receipt.delivery_id == delivery.id, Receipt.provider_id == report.provider_id, Receipt.status.in_(REFUSED)
    )
    return session.scalar(ended.limit(1)) is not None


def _advance(session: Session, delivery: Delivery, report: Report, sender: str) -> None:
    now = clock.now()
    if report.status in {"delivered", "read"}:
        state = DeliveryState.DELIVERED if report.status == "delivered" else DeliveryState.READ
        ending.end(delivery, state, None, now)
    elif report.status in REFUSED:
        settling.conclude(session, delivery, _outcome(report), sender=sender, now=now)


def _outcome(report: Report) -> Outcome:
    """As if it had been refused at once, but the attempt counts, since Twilio took it."""
    if report.code is None or not report.code.isdecimal():
        return Failed(f"twilio.{report.code or report.status}")
    outcome = sms_codes.meaning(int(report.code))
    return replace(outcome, counts=True) if isinstance(outcome, Deferred) else outcome


def _delivery(session: Session, report: Report) -> Delivery | None:
    """By our own id, else by the provider's; a report whose two ids belong to different messages is nobody's."""
    query = select(Delivery).where(Delivery.channel == "sms").with_for_update()
    if report.delivery_id is not None:
        delivery = session.scalar(query.where(Delivery.id == report.delivery_id))
        if delivery is None or delivery.provider_id in (None, report.provider_id):
            return delivery
        return None
    if report.provider_id is None:
        return None
    return session.scalar(query.where(Delivery.provider_id == report.provider_id).limit(1))
