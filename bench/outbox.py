"""How fast the outbox turns, on one worker, with a provider that costs nothing: `python -m bench.outbox URL`.

The database of URL is migrated and must be empty. Queued with the log row in pages of a thousand; then leased, judged,
marked in slices and settled, exactly as the worker does it.
"""

import sys
import time
from concurrent.futures import Executor, Future
from typing import Any

from mcrm import db
from mcrm.accounts.models import Account
from mcrm.actors import SYSTEM
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.deliveries import outbox
from mcrm.deliveries.outbox import Recipient
from mcrm.deliveries.outgoing import Outcome, Outgoing, Sent
from mcrm.deliveries.rates import Rate
from mcrm.transaction import transaction
from migrations.running import upgrade
from notifications.senders import Late, one
from notifications.worker import deliver_due

MESSAGES, PAGE = 6000, 1000
Row = tuple[str, float, str]


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


def measure(url: str) -> list[Row]:
    """(what, how many a second, unit) for the database at `url`."""
    database = db.connect(url)
    upgrade(database.bind)  # type: ignore[arg-type]
    db.use(database)
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
    database.close()
    return [
        ("queued with the log", MESSAGES / (queued - started), "deliveries/s"),
        ("leased, judged, marked, settled", MESSAGES / (ended - queued), "deliveries/s"),
        ("outbox in and out", MESSAGES / (ended - started), "deliveries/s"),
        ("one message, queue to settled", latency_ms, "ms"),
    ]


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


def main() -> None:
    """Print the rows."""
    for what, figure, unit in measure(sys.argv[1]):
        print(f"{what:34} {figure:8.1f} {unit}")


if __name__ == "__main__":
    main()
