"""Whatever happens between any two steps of a worker: nothing is sent twice unless in doubt, nothing is stuck."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.contacts.models import Contact
from mcrm.deliveries import leasing, settling
from mcrm.deliveries.leasing import Leased, Taken
from mcrm.deliveries.models import Delivery, DeliveryState, Receipt, SenderState
from mcrm.deliveries.outgoing import Ambiguous, Deferred, Failed, Outcome, Outgoing, Sent
from mcrm.deliveries.rates import Rate
from mcrm.ids import new_id
from mcrm.transaction import transaction
from notifications import reports
from notifications.reports import Report
from notifications.resolver import RESENT, resolve_due
from notifications.senders import Late, Senders, one
from tests.cast import a_customer
from tests.deliveries.carriers import NOON, now_of, outcomes, queue

SETTLED = {
    DeliveryState.ACCEPTED,
    DeliveryState.DELIVERED,
    DeliveryState.READ,
    DeliveryState.FAILED,
    DeliveryState.SUPPRESSED,
    DeliveryState.EXPIRED,
}
CALLS = (
    "taken",
    "taken, reply lost",
    "lost on the way",
    "not now",
    "sender pauses",
    "refused",
    "dies before",
    "dies after",
)
STEPS = st.one_of(
    st.just(("work", "dies after")),
    st.tuples(st.just("work"), st.sampled_from(CALLS)),
    st.tuples(st.just("lease and vanish"), st.none()),
    st.tuples(st.just("late settle"), st.none()),
    st.tuples(st.just("lapse"), st.none()),
    st.tuples(st.just("resolve"), st.booleans()),
    st.tuples(st.just("report"), st.sampled_from(["queued", "sent", "delivered", "failed"])),
    st.tuples(st.just("wait"), st.sampled_from([1, 130, 4000])),
)


@dataclass
class World:
    """The provider's truth beside ours: what it really took, by its own ids."""

    session: Session
    delivery: Delivery
    channel: str
    taken: list[str] = field(default_factory=list)
    late: list[tuple[list[Leased], str, Outcome]] = field(default_factory=list)

    def send(self, outgoing: Outgoing) -> Outcome:
        """Never called: the steps below play the worker."""
        raise AssertionError

    def close(self) -> None:
        """Nothing."""

    def lookup(self, outgoing: Outgoing, since: object, known: object = ()) -> Outcome | None:
        """Twilio's own search: what it took last."""
        return Sent(self.taken[-1]) if self.taken else None

    def fetch(self, provider_id: str) -> reports.Report:
        """No news."""
        raise ConnectionError

    def take(self) -> Sent:
        """The provider accepts one."""
        self.taken.append(f"SM{len(self.taken) + 1}")
        return Sent(self.taken[-1])

    def lease(self) -> tuple[list[Taken], str]:
        """As a worker does with what it cannot send at once: take, hold, then mark."""
        token, now = new_id().hex, clock.now()
        with transaction() as work:
            leased = leasing.lease(
                work,
                channel=self.channel,
                sender=f"{self.channel}:ours",
                rate=Rate(1e6),
                cost=one,
                token=token,
                now=now,
            )
            leasing.hold(work, leased.taken, token=token, now=now)
        return list(leased.taken), token

    def mark(self, leased: list[Taken], token: str) -> list[Leased]:
        """Marked as being sent."""
        with transaction() as work:
            return leasing.mark_sending(work, leased, token=token, now=clock.now())

    def settle(self, sending: list[Leased], token: str, outcome: Outcome) -> None:
        """What came of it."""
        with transaction() as work:
            now, settled = clock.now(), settling.settled_of(sending, [outcome] * len(sending))
            settling.settle(work, settled, sender=f"{self.channel}:ours", token=token, now=now)

    def work(self, call: str) -> None:
        """One round with one call."""
        leased, token = self.lease()
        sending = self.mark(leased, token)
        if not sending:
            return
        outcomes: dict[str, Callable[[], Outcome]] = {
            "taken": self.take,
            "taken, reply lost": lambda: Ambiguous(f"cut after {self.take().provider_id}"),
            "lost on the way": lambda: Ambiguous("cut"),
            "not now": lambda: Deferred("busy"),
            "sender pauses": lambda: Deferred("429", retry_after_s=30, pauses_sender=True, counts=False),
            "refused": lambda: Failed("30007"),
            "dies before": lambda: Ambiguous("never settled"),
            "dies after": self.take,
        }
        outcome = outcomes[call]()
        if call.startswith("dies"):
            self.late.append((sending, token, outcome))
        else:
            self.settle(sending, token, outcome)

    def late_settle(self) -> None:
        """A worker thought dead wakes up and writes: where its lease is over, nothing may change."""
        if not self.late:
            return
        sending, token, outcome = self.late.pop()
        before = _facts(now_of(self.session, self.delivery))
        is_ours = before["lease_token"] == token
        self.settle(sending, token, outcome)
        assert is_ours or _facts(now_of(self.session, self.delivery)) == before

    def sweep(self) -> None:
        """Leases that ran out."""
        with transaction() as work:
            leasing.sweep(work, now=clock.now())

    def resolve(self) -> None:
        """Ask about what is unknown."""
        resolve_due(Senders({self.channel: Late(f"{self.channel}:ours", lambda: self, one)}))

    def report(self, status: str) -> None:
        """A callback, which only what was taken can cause: the first or the last of it."""
        if self.taken and self.channel == "sms":
            with transaction() as work:
                sid = self.taken[0 if status == "sent" else -1]
                report = Report(delivery_id=self.delivery.id, provider_id=sid, status=status, code=None)
                reports.record(work, report, sender="sms:ours")

    def step(self, what: str, how: object) -> None:
        """One thing that happens."""
        match what:
            case "work":
                self.work(str(how))
            case "lease and vanish":
                self.lease()
            case "late settle":
                self.late_settle()
            case "lapse":
                clock.advance(leasing.SENDING + timedelta(seconds=1))
                self.sweep()
            case "resolve":
                self.resolve()
            case "report":
                self.report(str(how))
            case "wait":
                clock.advance(timedelta(seconds=int(str(how))))

    def check(self) -> None:
        """At most one was taken, and one more for each time that we sent again in doubt."""
        delivery = now_of(self.session, self.delivery)
        resent = list(outcomes(delivery)).count(RESENT)
        assert len(self.taken) <= 1 + resent
        assert resent <= (8 if self.channel == "push" else 1)
        assert delivery.lease_token is None or delivery.lease_until is not None

    def finish(self) -> None:
        """With a provider that works and workers that live, everything comes to an end."""
        for _ in range(30):
            clock.advance(timedelta(minutes=5))
            self.sweep()
            self.resolve()
            self.work("taken")
            if now_of(self.session, self.delivery).state in SETTLED:
                return
        raise AssertionError(f"stuck in {now_of(self.session, self.delivery).state}")


def _facts(delivery: Delivery) -> dict[str, object]:
    return {column.name: getattr(delivery, column.name) for column in Delivery.__table__.columns}


@pytest.fixture
def ben(session: Session) -> Contact:
    contact = a_customer(session, "Ben Okafor", phone="+447700900201", telegram=700201, push="ben-token")
    session.commit()
    return contact


@hypothesis_settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(channel=st.sampled_from(["sms", "telegram", "push"]), steps=st.lists(STEPS, max_size=14))
def test_no_delivery_is_doubled_without_doubt_and_none_is_stuck(
    session: Session, ben: Contact, channel: str, steps: list[tuple[str, object]]
) -> None:
    with clock.stopped(NOON):
        world = World(session, queue(ben, session, channel=channel), channel)
        try:
            for what, how in steps:
                world.step(what, how)
                world.check()
            world.finish()
            world.check()
        finally:
            _put_away()


def _put_away() -> None:
    """The examples share one database: the clock starts anew for each, so nothing may stay paused or due."""
    with transaction() as work:
        for model in (Receipt, SenderState, Delivery):
            work.execute(delete(model))
