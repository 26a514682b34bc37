"""The worker as it runs: its lanes, the real packages, the carrier sandbox, and the wake-up between processes."""

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from mcrm import clock
from mcrm.actors import SYSTEM
from mcrm.config import Limits, Settings
from mcrm.contacts.models import Contact
from mcrm.db import Database, reading
from mcrm.deliveries import leasing, outbox
from mcrm.deliveries.models import Delivery, Priority
from mcrm.deliveries.rates import Rate
from mcrm.transaction import announce, transaction
from mcrm.wakeup import Bell, Listener, Notifier
from notifications import worker as lanes
from notifications.resolver import resolve_due
from notifications.senders import Late, Senders, make_senders
from notifications.worker import TOPICS, DeliveryWorker, Lane
from tests import databases
from tests.cast import a_customer
from tests.deliveries.carriers import NOON, point_of
from tests.deliveries.carriers import Carrier as Phones
from tests.doors import ENVIRONMENT
from tests.sandbox_fixture import Carrier

TOPIC = outbox.topic_of("sms")


@pytest.fixture
def waking(committed: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """Commits wake those who listen, as in the web process."""
    notifier = Notifier(committed)
    monkeypatch.setattr(committed, "wake", notifier.wake)
    yield committed
    notifier.close()


@pytest.fixture
def senders(carrier: Carrier) -> Iterator[Senders]:
    """The real packages, pointed at the sandbox."""
    made = make_senders(Settings.from_environment(ENVIRONMENT | carrier.environment()))
    yield made
    made.close()


@pytest.fixture
def worker(waking: Database, senders: Senders) -> Iterator[DeliveryWorker]:
    """A running worker, on connections of its own as in another process."""
    listener = Listener(waking, TOPICS)
    worker = DeliveryWorker(senders, replace(Limits(), sms_segments_per_second=1000), listener)
    worker.start()
    yield worker
    listener.close()
    assert worker.stop()


def until(true: Callable[[], bool]) -> None:
    """Wait for it."""
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def people() -> tuple[Contact, Contact]:
    with transaction() as work:
        ben = a_customer(work, "Ben Okafor", phone="+447700900201", telegram=700201, push="ben-token")
        tom = a_customer(work, "Tom Reilly", phone="+447700900203")
    return ben, tom


def say(contact: Contact, channel: str, text: str, priority: int = Priority.TRANSACTIONAL) -> Delivery:
    with transaction() as work:
        point = point_of(work, contact, channel)
        facts = {"contact_id": contact.id, "kind": "news", "priority": priority}
        made = outbox.queue(work, SYSTEM, channel=channel, contact_point_id=point.id, text=text, **facts)
    assert made is not None
    return made


def state_of(delivery: Delivery) -> str:
    with reading() as session:
        return str(session.scalar(select(Delivery.state).where(Delivery.id == delivery.id)))


def test_each_channel_takes_its_messages_to_the_carriers_once(worker: DeliveryWorker, carrier: Carrier) -> None:
    ben, tom = people()
    queued = [say(ben, "sms", "text"), say(ben, "telegram", "chat"), say(ben, "push", "push"), say(tom, "sms", "tom")]
    until(lambda: all(state_of(one) == "accepted" for one in queued))
    assert sorted(carrier.bodies("sms")) == ["text", "tom"]
    assert carrier.bodies("telegram") == ["chat"]
    assert [item["to"] for item in carrier.messages("push")] == ["ben-token"]


def test_a_carrier_that_hangs_delays_no_other(worker: DeliveryWorker, carrier: Carrier) -> None:
    ben, _ = people()
    carrier.fault("twilio", "hang", s=3, count=1)
    slow = say(ben, "sms", "slow")
    until(lambda: state_of(slow) == "sending")
    quick = say(ben, "telegram", "quick")
    until(lambda: state_of(quick) == "accepted")
    assert state_of(slow) == "sending"
    until(lambda: state_of(slow) != "sending")


def test_a_reply_that_got_lost_leaves_one_message_at_the_carrier(
    worker: DeliveryWorker, senders: Senders, carrier: Carrier
) -> None:
    ben, _ = people()
    carrier.fault("twilio", "accept_then_drop_reply", count=1)
    delivery = say(ben, "sms", "once")
    until(lambda: state_of(delivery) == "unknown")
    with transaction() as work:
        row = work.get_one(Delivery, delivery.id)
        row.lease_until = row.created_at
    resolve_due(senders)
    assert state_of(delivery) == "accepted"
    assert carrier.bodies("sms") == ["once"]


def test_a_worker_that_stops_loses_and_doubles_nothing(waking: Database, senders: Senders, carrier: Carrier) -> None:
    with transaction() as work:
        everybody = [a_customer(work, f"Customer {n}", phone=f"+4477009003{n:02}") for n in range(60)]
    for who in everybody:
        say(who, "sms", f"news for {who.name}")
    carrier.fault("twilio", "latency", ms=60)
    limits = replace(Limits(), sms_segments_per_second=1000)
    for _ in range(2):
        listener = Listener(waking, TOPICS)
        worker = DeliveryWorker(
            make_senders(Settings.from_environment(ENVIRONMENT | carrier.environment())), limits, listener
        )
        before = len(carrier.messages("sms"))
        worker.start()
        until(lambda before=before: len(carrier.messages("sms")) > min(before, 59))
        listener.close()
        assert worker.stop()
        with reading() as session:
            states = set(session.scalars(select(Delivery.state)))
            assert states <= {"queued", "accepted"}
            assert session.scalars(select(Delivery).where(Delivery.lease_token.is_not(None))).all() == []
    assert len(set(carrier.bodies("sms"))) == len(carrier.bodies("sms"))


class News(Listener, Bell):
    """A listener that is told by the test: each wait is one piece of news, then silence until the lane is stopped."""

    def __init__(self, *news: Callable[[], None]) -> None:
        Bell.__init__(self)
        self.news = list(news)
        self.told = threading.Event()

    def bell(self, topic: str) -> Bell:
        return self

    def wait(self, heard: int, timeout_s: float) -> int:
        if not self.news:
            self.told.set()
            return super().wait(heard, timeout_s)
        self.news.pop(0)()
        self.ring()
        return self.rings


def test_an_urgent_message_passes_a_broadcast_that_the_rate_holds_back(
    committed: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    ben, tom = people()
    leases: list[int] = []
    lease = leasing.lease
    monkeypatch.setattr(lanes, "time", SimpleNamespace(monotonic=lambda: 0.0))
    monkeypatch.setattr(leasing, "lease", lambda *args, **facts: leases.append(1) or lease(*args, **facts))
    rounds_when: dict[str, int] = {}

    def a_second_offer() -> None:
        say(ben, "sms", "offer 2", priority=Priority.BULK)
        rounds_when["offer"] = len(leases)

    def a_code() -> None:
        rounds_when["code"] = len(leases)
        say(tom, "sms", "code")

    with clock.stopped(NOON):  # no clock moves, so the bucket never fills again: what it holds back stays
        for who in (ben, tom):
            say(who, "sms", "offer", priority=Priority.BULK)
        phones, listener = Phones(), News(a_second_offer, a_code)
        lane = Lane("sms", Late("sms:ours", lambda: phones, lambda outgoing: len(outgoing.text)), Rate(9), listener)
        lane.start()
        try:
            until(lambda: "code" in phones.texts)
        finally:
            lane.stop()
            assert lane.join(20)
    assert phones.texts == ["offer", "code"]
    assert rounds_when["code"] == rounds_when["offer"], "news of no urgency made a round in vain"


def test_a_commit_in_one_process_wakes_those_alone_whom_it_names(waking: Database) -> None:
    other = databases.independent(waking)
    listener = Listener(other, TOPICS)
    named, not_named = listener.bell(TOPIC), listener.bell(outbox.topic_of("push"))
    try:
        until(lambda: named.rings > 0 or waking.is_sqlite)  # PostgreSQL rings once when it listens
        with transaction() as work:
            a_customer(work, "Ben Okafor")
            announce(work, TOPIC)
        until(lambda: named.rings > (not waking.is_sqlite))
        heard, before = named.rings, not_named.rings
        with transaction() as work:
            a_customer(work, "Mei Lin")
            announce(work, TOPIC)
        assert named.wait(heard, 10) > heard
        assert not_named.rings == before
    finally:
        listener.close()
        other.close()


def test_a_ring_between_two_waits_is_not_lost(waking: Database) -> None:
    listener = Listener(waking, TOPICS)
    bell = listener.bell(TOPIC)
    heard = bell.rings
    bell.ring()
    assert bell.wait(heard, 10) > heard
    ended = threading.Thread(target=listener.close)
    ended.start()
    ended.join(10)
    assert not ended.is_alive()
