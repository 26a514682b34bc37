"""The way out of *unknown*, each provider's own; asked outside of any transaction, written only if nothing else came.

SMS: Twilio is asked for a message to that number with those words; only when it has none, news to one person is sent
once more. Telegram cannot be asked: the same, at the price of a possible double. Push replaces itself on the phone, so
it is simply sent again. A broadcast is never repeated. Texts accepted long ago without a report are looked up too.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select, union
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.db import reading
from mcrm.deliveries import ending, leasing
from mcrm.deliveries.models import IN_FLIGHT, Delivery, DeliveryState, Priority, Receipt
from mcrm.deliveries.outgoing import Outcome, Outgoing, Sent
from mcrm.transaction import perform
from notifications import reports
from notifications.reports import RANKS, Report
from notifications.senders import Senders

log = logging.getLogger(__name__)
EVERY_S = 2.0
PAGE = 50
RESENT = "resent"
ASK_AGAIN = timedelta(minutes=2)
ASK_NO_MORE = timedelta(days=2)
LOOK_BACK = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Unknown:
    """A delivery that somebody has to ask about."""

    outgoing: Outgoing
    state: str
    provider_id: str | None
    since: datetime


class Resolver:
    """One thread that asks about what is unknown, or accepted and never reported."""

    def __init__(self, senders: Senders) -> None:
        """Make it after any fork."""
        self._senders = senders
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="resolver", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End."""
        self._stopping.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopping.wait(EVERY_S):
            try:
                resolve_due(self._senders)
            except Exception as error:  # the thread must outlive whatever the database or a provider does
                log.exception("resolving failed: %s", type(error).__name__)


def resolve_due(senders: Senders) -> int:
    """Ask about everything that is due to be asked about; how many."""
    with reading() as session:
        due = _due(session, clock.now())
    for unknown in due:
        _resolve(unknown, senders)
    return len(due)


def _due(session: Session, now: datetime) -> list[Unknown]:
    asked = (DeliveryState.UNKNOWN.value, DeliveryState.ACCEPTED.value)
    query = leasing.DUE.add_columns(Delivery.state, Delivery.provider_id, Delivery.created_at)
    rows = session.execute(query.where(IN_FLIGHT, Delivery.state.in_(asked), Delivery.lease_until <= now).limit(PAGE))
    return [
        Unknown(leasing.outgoing_of(row, now), row.state, row.provider_id, row.created_at - LOOK_BACK) for row in rows
    ]


def _resolve(unknown: Unknown, senders: Senders) -> None:
    id_ = unknown.outgoing.id
    if unknown.state == DeliveryState.ACCEPTED:
        return _reconcile(unknown, senders)
    found: Outcome | None = None
    if unknown.outgoing.channel == "sms":
        with reading() as session:
            known = _known_to(session, unknown)
        try:
            found = senders["sms"].real.lookup(unknown.outgoing, unknown.since, known)  # type: ignore[attr-defined]
        except Exception as error:  # no answer is not an answer: ask again later
            log.warning("delivery %s cannot be looked up: %s", id_, type(error).__name__)
            return perform(lambda session: _ask_again(session, id_))
    return perform(lambda session: _decide(session, id_, found))


def _known_to(session: Session, unknown: Unknown) -> list[str]:
    """The provider's ids of our other messages to this person, and of earlier attempts that it reported as failed."""
    query = select(Delivery.provider_id).where(Delivery.channel == "sms", Delivery.accepted_at >= unknown.since)
    contact = select(Delivery.contact_point_id).where(Delivery.id == unknown.outgoing.id).scalar_subquery()
    earlier = select(Receipt.provider_id).where(Receipt.delivery_id == unknown.outgoing.id)
    known = union(query.where(Delivery.contact_point_id == contact), earlier)
    return [id_ for id_ in session.scalars(known) if id_]


def _still(session: Session, id_: UUID, state: DeliveryState) -> Delivery | None:
    delivery = session.get(Delivery, id_, with_for_update=True, populate_existing=True)
    return delivery if delivery is not None and delivery.state == state else None


def _decide(session: Session, id_: UUID, found: Outcome | None) -> None:
    delivery, now = _still(session, id_, DeliveryState.UNKNOWN), clock.now()
    if delivery is None:
        return
    if isinstance(found, Sent):
        ending.accept(delivery, found.provider_id, now)
    elif _may_repeat(delivery, now):
        pause_s = ending.backoff_s(delivery.tries) if delivery.channel == "push" else 0.0
        ending.note(delivery, RESENT, now)
        ending.requeue(session, delivery, at=now + timedelta(seconds=pause_s), reason=RESENT)
    else:
        ending.fail(session, delivery, ending.AMBIGUOUS, now)


def _may_repeat(delivery: Delivery, now: datetime) -> bool:
    if delivery.expires_at is not None and delivery.expires_at <= now:
        return False
    if delivery.channel == "push":
        return delivery.tries < ending.MOST_TRIES
    once = all(attempt.get("outcome") != RESENT for attempt in delivery.attempts or ())
    return once and delivery.priority < Priority.BULK


def _ask_again(session: Session, id_: UUID) -> None:
    if (delivery := _still(session, id_, DeliveryState.UNKNOWN)) is not None:
        delivery.lease_until = clock.now() + ASK_AGAIN


def _reconcile(unknown: Unknown, senders: Senders) -> None:
    """A report that was lost is never sent again by the provider: ask for the message's status."""
    status: Any = None
    try:
        status = senders["sms"].real.fetch(unknown.provider_id or "")  # type: ignore[attr-defined]
    except Exception as error:
        log.warning("delivery %s cannot be fetched: %s", unknown.outgoing.id, type(error).__name__)
    perform(lambda session: _take_status(session, unknown, status, senders["sms"].sender_key))


def _fetch_again_at(delivery: Delivery, now: datetime) -> datetime | None:
    """Twice as late each time; some carriers never report, so nobody asks after two days."""
    age = now - (delivery.accepted_at or delivery.created_at)
    again = max(ASK_AGAIN, age)
    return now + again if age + again <= ASK_NO_MORE else None


def _take_status(session: Session, unknown: Unknown, status: Any, sender: str) -> None:
    delivery = _still(session, unknown.outgoing.id, DeliveryState.ACCEPTED)
    if delivery is None:
        return
    delivery.lease_until = _fetch_again_at(delivery, clock.now())
    if status is not None and status.status in RANKS:
        code = None if status.error_code is None else str(status.error_code)
        found = Report(delivery_id=delivery.id, provider_id=unknown.provider_id, status=status.status, code=code)
        reports.record(session, found, sender=sender)
