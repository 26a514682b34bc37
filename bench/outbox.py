"""The outbox without a provider: lease, ask the policy, mark, settle, with the log written when it was queued."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from bench.report import Figure
from bench.stores import store
from mcrm.actors import SYSTEM
from mcrm.contacts.models import ContactPoint
from mcrm.deliveries import outbox
from mcrm.deliveries.outbox import Recipient
from mcrm.deliveries.outgoing import Outcome, Outgoing, Sent
from mcrm.deliveries.rates import Rate
from mcrm.transaction import transaction
from notifications.senders import Late, Sender, one
from notifications.worker import deliver_due
from tests.cast import a_customer

COUNT = 6000


class Nowhere:
    """A sender that takes everything at once."""

    def send(self, outgoing: Outgoing) -> Outcome:
        """Taken."""
        return Sent(outgoing.id.hex)

    def close(self) -> None:
        """Nothing to let go of."""


def measure() -> Iterator[Figure]:
    """Deliveries a second, queueing and log included, one worker."""
    for name in ("sqlite", "postgresql"):
        with store(name), ThreadPoolExecutor(16) as pool:
            with transaction() as session:
                contact = a_customer(session)
                points = [ContactPoint(contact_id=contact.id, channel="push", address=f"t{n}") for n in range(COUNT)]
                session.add_all(points)
                to = [Recipient(point.id, contact.id, contact.account_id) for point in points]
            sender: Late[Sender] = Late("push:bench", Nowhere, one)
            began = time.perf_counter()
            for start in range(0, COUNT, 500):
                with transaction() as session:
                    outbox.queue_many(
                        session,
                        SYSTEM,
                        to[start : start + 500],
                        channel="push",
                        text="news",
                        kind="news",
                        dedupe_prefix="b",
                    )
            queued_s = time.perf_counter() - began
            done = 0
            while done < COUNT:
                done += deliver_due("push", sender, Rate(10**6), pool).handled
            spent = time.perf_counter() - began
            rate = COUNT / spent
            ways = f"queueing {COUNT / queued_s:,.0f}/s, sending {COUNT / (spent - queued_s):,.0f}/s"
            figure = Figure(f"outbox, no provider, {name}", f"{rate:,.0f}/s in all ({ways})")
            yield figure.judged("≥ 2,500/s", rate >= 2500) if name == "postgresql" else figure
