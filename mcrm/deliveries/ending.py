"""What a delivery becomes: accepted, failed, stopped, withheld, or due again; and what that says about the address.

Whoever ends a delivery (a worker, a receipt, a look-up) does it here, so that a dead address is noted, the next way is
tried, and the text of a one-time code is blanked, whichever way the news came.
"""

import random
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from mcrm.actors import SYSTEM
from mcrm.consents import service as consents
from mcrm.consents.models import SuppressionReason
from mcrm.contacts import points
from mcrm.contacts.models import ContactPoint
from mcrm.deliveries import outbox
from mcrm.deliveries.models import Delivery, DeliveryState
from mcrm.policy.gate import Answer, Verdict
from mcrm.transaction import announce

AMBIGUOUS = "ambiguous"
ACCEPTED = "accepted"
FIRST_PAUSE_S, LONGEST_PAUSE_S = 10.0, 3600.0
MOST_TRIES = 8
OPEN = frozenset({DeliveryState.SENDING, DeliveryState.UNKNOWN, DeliveryState.ACCEPTED, DeliveryState.DELIVERED})
REPORT_OVERDUE = {"sms": timedelta(minutes=10)}  # only Twilio promises receipts, and a lost one is never repeated


def report_overdue_at(channel: str, now: datetime) -> datetime | None:
    """When to ask the provider what became of a message accepted now; None where nobody could be asked."""
    after = REPORT_OVERDUE.get(channel)
    return None if after is None else now + after


def is_open(delivery: Delivery) -> bool:
    """Whether a report can still say something new: also of one given up, or about to be sent again, in doubt."""
    in_doubt = delivery.provider_id is None and (
        (delivery.state == DeliveryState.QUEUED and delivery.tries > 0) or delivery.reason == AMBIGUOUS
    )
    return delivery.state in OPEN or in_doubt


def accept(delivery: Delivery, provider_id: str, now: datetime) -> None:
    """The provider took it, as a receipt or a look-up shows; whoever still holds it finds it is no longer theirs."""
    delivery.state = DeliveryState.ACCEPTED.value
    delivery.reason = None
    delivery.provider_id = provider_id
    delivery.accepted_at = delivery.accepted_at or now
    delivery.settled_at = None
    delivery.lease_token = None
    delivery.lease_until = report_overdue_at(delivery.channel, now)
    note(delivery, ACCEPTED, now)
    blank_secret(delivery)


def fail(session: Session, delivery: Delivery, reason: str, now: datetime, *, address_invalid: bool = False) -> None:
    """It will not arrive: note a dead address, and try the next way."""
    end(delivery, DeliveryState.FAILED, reason, now)
    point = point_of(session, delivery)
    if address_invalid and point is not None:
        points.invalidate(session, SYSTEM, point=point, why=reason)
    outbox.fall_back(session, SYSTEM, delivery, address_dead=address_invalid)
    blank_secret(delivery)


def stop(session: Session, delivery: Delivery, reason: str, now: datetime) -> None:
    """The addressee does not want it on this channel: suppress the address, and try the next way."""
    end(delivery, DeliveryState.SUPPRESSED, reason, now)
    point = point_of(session, delivery)
    if point is not None:
        why = SuppressionReason.CARRIER if delivery.channel == "sms" else SuppressionReason.BLOCKED
        consents.suppress(session, SYSTEM, point=point, reason=why, detail=reason)
    outbox.fall_back(session, SYSTEM, delivery)
    blank_secret(delivery)


def withhold(session: Session, delivery: Delivery, verdict: Verdict, now: datetime) -> None:
    """The policy says no: keep its reason; what is not too late yet is tried another way."""
    expired = verdict.answer is Answer.EXPIRED
    end(delivery, DeliveryState.EXPIRED if expired else DeliveryState.SUPPRESSED, verdict.reason, now)
    if not expired:
        outbox.fall_back(session, SYSTEM, delivery, address_dead=verdict.dead_address)
    blank_secret(delivery)


def end(delivery: Delivery, state: DeliveryState, reason: str | None, now: datetime) -> None:
    """The delivery's new state and why; nobody holds it any more."""
    delivery.state = state.value
    delivery.reason = reason
    delivery.settled_at = now
    delivery.lease_until = delivery.lease_token = None


def postpone(session: Session, delivery: Delivery, verdict: Verdict) -> None:
    """The policy says not now: it stays queued, and nobody holds it, until the policy is asked again."""
    assert verdict.until is not None
    requeue(session, delivery, at=verdict.until, reason=verdict.reason)


def requeue(session: Session, delivery: Delivery, *, at: datetime, reason: str | None) -> None:
    """Due again at a time, as if it had never left; wakes the workers. What came of it before stands in its history."""
    delivery.provider_rank = 0
    delivery.provider_id = delivery.accepted_at = None
    delivery.state = DeliveryState.QUEUED.value
    delivery.not_before = at
    delivery.reason = reason
    delivery.lease_until = delivery.lease_token = delivery.settled_at = None
    announce(session, outbox.topic_of(delivery.channel))


def backoff_s(tries: int) -> float:
    """Seconds before the next try: 10 doubling to an hour, with jitter so that a thousand do not come back at once."""
    longest = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** max(0, tries - 1))
    return random.uniform(longest / 2, longest)


def note(delivery: Delivery, outcome: str, now: datetime) -> None:
    """One more line in the delivery's own history."""
    delivery.attempts = [*(delivery.attempts or ()), attempt(outcome, now)]


def attempt(outcome: str, now: datetime) -> dict[str, str]:
    """A line of a delivery's history, as the API shows it."""
    return {"at": now.isoformat(), "outcome": outcome}


def blank_secret(delivery: Delivery) -> None:
    """A one-time code stands in its row only as long as it may have to be sent."""
    if delivery.content.get("secret"):
        delivery.text = ""


def point_of(session: Session, delivery: Delivery) -> ContactPoint | None:
    """The address it went to."""
    return session.get(ContactPoint, delivery.contact_point_id) if delivery.contact_point_id else None
