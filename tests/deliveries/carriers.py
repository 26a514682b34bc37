"""Providers that answer what a test says, and the worker's rounds through them."""

from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import Session

from mcrm.actors import SYSTEM
from mcrm.contacts import points
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.deliveries import outbox
from mcrm.deliveries.models import Delivery
from mcrm.deliveries.outgoing import Outcome, Outgoing, Sent
from mcrm.deliveries.rates import Rate
from mcrm.transaction import transaction
from notifications.senders import Late, one
from notifications.worker import Turnout, deliver_due

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
FAST = Rate(1_000_000)


class Carrier:
    """Takes everything, unless `answers` (in order) or `answer` say otherwise; remembers what it was handed."""

    def __init__(self, *answers: Outcome, answer: Callable[[Outgoing], Outcome] | None = None) -> None:
        self.handed: list[Outgoing] = []
        self._answers = list(answers)
        self._answer = answer or (lambda outgoing: Sent(f"P{len(self.handed)}"))

    def send(self, outgoing: Outgoing) -> Outcome:
        """One attempt."""
        self.handed.append(outgoing)
        return self._answers.pop(0) if self._answers else self._answer(outgoing)

    def close(self) -> None:
        """Nothing to let go."""

    @property
    def texts(self) -> list[str]:
        """What it was handed, in order."""
        return [outgoing.text for outgoing in self.handed]


class AtOnce(Executor):
    """Runs each call where it is submitted: a round of the worker is then one step after the other."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it now."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def a_round(channel: str, carrier: Carrier, rate: Rate = FAST) -> Turnout:
    """One round of the worker's lane of that channel."""
    return deliver_due(channel, Late(f"{channel}:ours", lambda: carrier, one), rate, AtOnce())


def queue(contact: Contact, session: Session, text: str = "Hello", channel: str = "sms", **facts: Any) -> Delivery:
    """Queue one message to the contact's address on a channel."""
    point = point_of(session, contact, channel)
    facts = {"kind": "order.shipped", "contact_id": contact.id, **facts}
    with transaction() as work:
        made = outbox.queue(work, SYSTEM, channel=channel, contact_point_id=point.id, text=text, **facts)
    assert made is not None
    return made


def point_of(session: Session, contact: Contact, channel: str) -> ContactPoint:
    """The contact's address on a channel."""
    return points.reachable(session, contact.id, channel)[0]


def now_of(session: Session, delivery: Delivery) -> Delivery:
    """The delivery as it stands in the database."""
    session.expire_all()
    return session.get_one(Delivery, delivery.id, populate_existing=True)


def outcomes(delivery: Delivery) -> Sequence[str]:
    """What its history says."""
    return [attempt["outcome"] for attempt in delivery.attempts]
