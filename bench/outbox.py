"""How fast the outbox turns, on one worker, with a provider that costs nothing.

Queued with the log row in pages of a thousand; then leased, judged, marked and settled, as the worker does it.
"""

import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from typing import Any

from bench.report import Figure
from bench.stores import store
from mcrm import db
from mcrm.accounts.models import Account
from mcrm.actors import SYSTEM
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.deliveries import outbox
from mcrm.deliveries.outbox import Recipient
from mcrm.deliveries.outgoing import Outcome, Outgoing, Sent
from mcrm.deliveries.rates import Rate
from mcrm.transaction import transaction
from notifications.senders import Late, one
from notifications.worker import deliver_due

MESSAGES, PAGE = 6000, 1000


class Taker:
    """A provider that takes everything at once."""

    def send(self, outgoing: Outgoing) -> Outcome:
        """Taken."""
        return Sent(str(outgoing.id))

    def close(self) -> None:
        """Nothing to let go."""


class AtOnce(Executor):
    """No threads: what is measured is the outbox."""

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it now."""
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def measure() -> Iterator[Figure]:
    """Deliveries a second on both databases, and how long one alone takes."""
    for name in ("sqlite", "postgresql"):
        with store(name):
            queued, sent, both, alone_ms = turn()
        words = f"{both:,.0f}/s in and out ({queued:,.0f}/s queued with the log, {sent:,.0f}/s sent)"
        figure = Figure(f"outbox, gate and log, {name}", words)
        yield figure.judged("≥ 2,500/s", both >= 2500) if name == "postgresql" else figure
        yield Figure(f"one message, queued to settled, {name}", f"p50 {alone_ms:.1f} ms")


def turn() -> tuple[float, float, float, float]:
    """Queued, sent, and both, in deliveries a second; one message alone in milliseconds."""
    people = [recipient for page in range(MESSAGES // PAGE) for recipient in _people(page * PAGE)]
    started = time.perf_counter()
    for page in range(MESSAGES // PAGE):
        with transaction() as session:
            outbox.queue_many(
                session,
                SYSTEM,
                people[page * PAGE : (page + 1) * PAGE],
                channel="push",
                text="The Yirgacheffe is back.",
                kind="news",
                dedupe_prefix="bench",
            )
    queued = time.perf_counter()
    sender = Late("push:bench", Taker, one)
    drained = 0
    while handled := deliver_due("push", sender, Rate(1_000_000), AtOnce()).handled:
        drained += handled
    ended = time.perf_counter()
    if drained != MESSAGES:
        raise RuntimeError(f"{drained} of {MESSAGES} were delivered")
    latency_ms = _queue_to_handed_ms()
    return MESSAGES / (queued - started), MESSAGES / (ended - queued), MESSAGES / (ended - started), latency_ms


def _people(first: int) -> list[Recipient]:
    with transaction() as session:
        accounts = [Account(name=f"Customer {first + n}") for n in range(PAGE)]
        session.add_all(accounts)
        session.flush()
        contacts = [Contact(name=account.name, account_id=account.id) for account in accounts]
        session.add_all(contacts)
        session.flush()
        found = []
        for n, contact in enumerate(contacts):
            point = ContactPoint(contact_id=contact.id, channel="push", address=f"token-{first + n}", kind="token")
            session.add(point)
            found.append(Recipient(point.id, contact.id, contact.account_id))
    return found


def _queue_to_handed_ms() -> float:
    """The median of one message alone, from before its transaction until it is settled."""
    with db.reading() as session:
        point = session.query(ContactPoint).limit(1).one()
    sender, took = Late("push:bench", Taker, one), []
    for _ in range(100):
        started = time.perf_counter()
        with transaction() as session:
            outbox.queue(
                session,
                SYSTEM,
                channel="push",
                contact_point_id=point.id,
                contact_id=point.contact_id,
                text="Order 1042 is on its way.",
                kind="order.shipped",
            )
        deliver_due("push", sender, Rate(1_000_000), AtOnce())
        took.append((time.perf_counter() - started) * 1000)
    return sorted(took)[len(took) // 2]
