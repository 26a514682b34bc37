"""Out of the outbox: judged when it is sent, in order, at the sender's pace, with the next way when one is dead."""

import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import SYSTEM
from mcrm.consents import service as consents
from mcrm.consents.models import ConsentState, Suppression, SuppressionReason
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.db import Database
from mcrm.deliveries import figures, leasing, outbox, settling
from mcrm.deliveries.models import Delivery, Priority
from mcrm.deliveries.outbox import Recipient
from mcrm.deliveries.outgoing import Ambiguous, Deferred, Failed, Moved, Outcome, Outgoing, Sent, Suppressed
from mcrm.deliveries.rates import Rate, forget_addresses
from mcrm.transaction import transaction
from notifications.senders import Late, one
from notifications.worker import deliver_due, nobody, slices
from tests.cast import a_customer
from tests.deliveries.carriers import NOON, AtOnce, Carrier, a_round, now_of, outcomes, point_of, queue


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.stopped(NOON):
        yield


@pytest.fixture
def ben(session: Session) -> Contact:
    contact = a_customer(session, "Ben Okafor", phone="+447700900201", telegram=700201, push="ben-token")
    session.commit()
    return contact


def tell(contact: Contact, text: str = "Order 1042 is on its way.") -> Delivery:
    with transaction() as work:
        return outbox.tell(
            work, SYSTEM, contact_id=contact.id, text=text, kind="order.shipped", dedupe_key="order.shipped:1042"
        )


def test_what_is_due_is_handed_to_the_provider_once(session: Session, ben: Contact) -> None:
    delivery, carrier = queue(ben, session, "Your order is ready."), Carrier()
    assert a_round("sms", carrier).handled == 1
    assert a_round("sms", carrier).handled == 0
    [handed] = carrier.handed
    assert (handed.address, handed.text, handed.ttl_s) == ("+447700900201", "Your order is ready.", 86_400)
    settled = now_of(session, delivery)
    assert (settled.state, settled.provider_id, settled.accepted_at) == ("accepted", "P1", NOON)
    assert (settled.tries, outcomes(settled)) == (1, ["accepted"])


def test_a_code_is_blanked_as_soon_as_it_left(session: Session, ben: Contact) -> None:
    delivery = queue(ben, session, "Your code is 123456.", secret=True)
    a_round("sms", carrier := Carrier())
    assert carrier.texts == ["Your code is 123456."]
    assert now_of(session, delivery).text == ""


def test_each_of_a_slice_keeps_its_own_word_of_the_provider(session: Session) -> None:
    people = [a_customer(session, f"Customer {n}", phone=f"+4477009003{n:02}") for n in range(12)]
    session.commit()
    queued = [queue(who, session, f"code {n}", secret=n % 2 == 1) for n, who in enumerate(people)]
    gone = queued[4]

    def answer(outgoing: Outgoing) -> Outcome:
        if outgoing.id == gone.id:
            with transaction() as work:  # somebody else decided about it meanwhile
                work.get_one(Delivery, gone.id).state = "failed"
        return Sent(f"P{outgoing.id}")

    assert a_round("sms", Carrier(answer=answer)).handled == 12

    settled = [now_of(session, one) for one in queued]
    assert [one.state for one in settled] == ["accepted"] * 4 + ["failed"] + ["accepted"] * 7
    assert [one.provider_id for one in settled] == [None if one.id == gone.id else f"P{one.id}" for one in queued]
    assert [one.text for one in settled] == ["" if n % 2 else f"code {n}" for n in range(12)]
    assert [outcomes(one) for one in settled if one.id != gone.id] == [["accepted"]] * 11


def test_a_stop_between_queueing_and_sending_holds(session: Session, ben: Contact) -> None:
    delivery = queue(ben, session)
    with transaction() as work:
        consents.suppress(work, SYSTEM, point=point_of(session, ben, "sms"), reason=SuppressionReason.STOP_WORD)
    a_round("sms", carrier := Carrier())
    settled = now_of(session, delivery)
    assert (carrier.handed, settled.state, settled.reason) == ([], "suppressed", "suppressed:stop-word")


def test_a_stop_in_the_middle_of_a_broadcast_holds(session: Session) -> None:
    people = [a_customer(session, f"Customer {n}", phone=f"+4477009003{n:02}") for n in range(40)]
    session.commit()
    to = [Recipient(point_of(session, who, "sms").id, who.id, who.account_id) for who in people]
    last = point_of(session, people[-1], "sms")
    with transaction() as work:
        for who in people:
            consents.decide(
                work, SYSTEM, contact_id=who.id, channel="sms", purpose="marketing", state=ConsentState.GRANTED
            )
        outbox.queue_many(
            work, SYSTEM, to, channel="sms", text="New roast.", kind="offer", purpose="marketing",
            priority=Priority.BULK, dedupe_prefix="offer:7",
        )  # fmt: skip

    def answer(outgoing: Outgoing) -> Outcome:
        if len(carrier.handed) == 1:
            with transaction() as work:
                consents.suppress(work, SYSTEM, point=last, reason=SuppressionReason.STOP_WORD)
        return Sent(f"P{len(carrier.handed)}")

    carrier = Carrier(answer=answer)
    while a_round("sms", carrier).handled:
        pass
    assert len(carrier.handed) == 39
    assert last.address not in {outgoing.address for outgoing in carrier.handed}


def test_a_dead_address_is_noted_and_the_next_way_is_tried(session: Session, ben: Contact) -> None:
    first = tell(ben)
    a_round("push", Carrier(Failed("fcm.unregistered", address_invalid=True)))
    a_round("telegram", Carrier(Suppressed("telegram.forbidden")))
    a_round("sms", carrier := Carrier())
    assert carrier.texts == ["Order 1042 is on its way."]
    session.expire_all()
    all_ways = session.scalars(select(Delivery).order_by(Delivery.id)).all()
    assert [(way.channel, way.state, way.reason) for way in all_ways] == [
        ("push", "failed", "fcm.unregistered"),
        ("telegram", "suppressed", "telegram.forbidden"),
        ("sms", "accepted", None),
    ]
    assert session.get_one(ContactPoint, first.contact_point_id).state == "invalid"
    [stop] = session.scalars(select(Suppression))
    assert (stop.channel, stop.reason) == ("telegram", "blocked")


def test_another_device_comes_before_another_channel(session: Session, ben: Contact) -> None:
    session.add(ContactPoint(contact_id=ben.id, channel="push", address="ben-tablet", kind="token"))
    session.commit()
    tell(ben)
    dead = Failed("fcm.unregistered", address_invalid=True)
    a_round("push", carrier := Carrier(dead, dead))
    a_round("push", carrier)
    a_round("telegram", telegram := Carrier())
    assert {outgoing.address for outgoing in carrier.handed} == {"ben-token", "ben-tablet"}
    assert len(telegram.handed) == 1


def test_a_channel_that_is_off_gives_its_turn_to_the_next(session: Session, ben: Contact) -> None:
    first = tell(ben)
    deliver_due("push", nobody("push"), Rate(1000), AtOnce())
    a_round("telegram", carrier := Carrier())
    assert now_of(session, first).reason == "channel.off"
    assert len(carrier.handed) == 1


def test_a_chat_that_moved_gets_its_message_at_the_new_address(session: Session, ben: Contact) -> None:
    delivery = queue(ben, session, channel="telegram")
    carrier = Carrier(Moved("-100700201"))
    a_round("telegram", carrier)
    a_round("telegram", carrier)
    assert [outgoing.address for outgoing in carrier.handed] == ["700201", "-100700201"]
    assert now_of(session, delivery).state == "accepted"


def test_a_refusal_for_now_is_tried_again_later_each_time_and_then_given_up(session: Session, ben: Contact) -> None:
    delivery = queue(ben, session, expires_at=NOON + timedelta(days=7))
    carrier = Carrier(answer=lambda outgoing: Deferred("twilio.down"))
    pauses = []
    for _ in range(8):
        a_round("sms", carrier)
        waiting = now_of(session, delivery)
        pauses.append((waiting.not_before - clock.now()).total_seconds())
        clock.advance(timedelta(hours=1))
    assert len(carrier.handed) == 8
    assert 5 <= pauses[0] <= 10
    assert 40 <= pauses[3] <= 80
    assert (waiting.state, waiting.reason, waiting.tries) == ("failed", "tries-exhausted", 8)


def test_a_pause_of_the_sender_holds_everybody_and_counts_for_nobody(session: Session, ben: Contact) -> None:
    first, second = queue(ben, session, "one"), queue(ben, session, "two")
    carrier = Carrier(Deferred("twilio.20429", retry_after_s=30, pauses_sender=True, counts=False))
    a_round("sms", carrier)
    assert (now_of(session, first).tries, carrier.texts[0]) == (0, "one")
    clock.advance(timedelta(seconds=29))
    late = queue(ben, session, "three")
    assert a_round("sms", carrier).handled == 0
    clock.advance(timedelta(seconds=2))
    while a_round("sms", carrier).handled:
        pass
    assert [now_of(session, one).state for one in (first, second, late)] == ["accepted"] * 3


def test_what_is_too_late_is_not_sent(session: Session, ben: Contact) -> None:
    delivery = queue(ben, session, expires_at=NOON + timedelta(minutes=5))
    clock.advance(timedelta(minutes=5))
    a_round("sms", carrier := Carrier())
    assert (carrier.handed, now_of(session, delivery).state) == ([], "expired")


def test_a_code_overtakes_a_broadcast(session: Session, ben: Contact) -> None:
    for n in range(3):
        queue(ben, session, f"news {n}", kind="news", priority=Priority.BULK)
    queue(ben, session, "Your code is 123456.")
    a_round("sms", carrier := Carrier())
    assert carrier.texts == ["Your code is 123456.", "news 0", "news 1", "news 2"]


def test_a_sender_keeps_its_pace_and_a_broadcast_leaves_room_for_codes(session: Session) -> None:
    rate = Rate(10)
    people = [a_customer(session, f"Customer {n}", phone=f"+4477009003{n:02}") for n in range(12)]
    session.commit()
    for who in people:
        queue(who, session, "news", priority=Priority.BULK)
    carrier = Carrier()
    turnout = a_round("sms", carrier, rate)
    assert (turnout.handled, turnout.held) == (8, Priority.BULK)
    assert turnout.wait_s == pytest.approx(0.1)
    for n in range(3):
        queue(people[n], session, f"code {n}")
    assert a_round("sms", carrier, rate).handled == 2
    assert carrier.texts[8:] == ["code 0", "code 1"]
    clock.advance(timedelta(seconds=0.5))
    assert a_round("sms", carrier, rate).handled == 3
    assert carrier.texts[10:] == ["code 2", "news", "news"]


def test_a_chat_gets_a_short_burst_and_then_one_message_a_second(session: Session, ben: Contact) -> None:
    aisha = a_customer(session, "Aisha Khan", telegram=700202)
    session.commit()
    rate = Rate(25, per_address=1)
    for n in range(5):
        queue(ben, session, f"ben {n}", channel="telegram")
    queue(aisha, session, "aisha", channel="telegram")
    carrier = Carrier()
    assert a_round("telegram", carrier, rate).handled == 4
    assert carrier.texts == ["ben 0", "aisha", "ben 1", "ben 2"]
    assert a_round("telegram", carrier, rate).handled == 0
    for n in (3, 4):
        clock.advance(timedelta(seconds=1))
        a_round("telegram", carrier, rate)
        assert carrier.texts[-1] == f"ben {n}"
    clock.advance(timedelta(hours=2))
    with transaction() as work:
        assert forget_addresses(work, before=clock.now() - timedelta(hours=1)) == 2


def test_messages_to_one_address_stay_in_order(session: Session, ben: Contact) -> None:
    queued = [queue(ben, session, f"part {n}") for n in range(3)]
    with transaction() as work:
        lease = _lease(work, "t")
    assert [[one.id for one in slice_] for slice_ in slices(lease.taken, 16)] == [[one.id] for one in queued]


def _lease(work: Session, token: str, limit: int = 200) -> leasing.Lease:
    lease = leasing.lease(
        work, channel="sms", sender="sms:ours", rate=Rate(1000), cost=one, token=token, now=clock.now(), limit=limit
    )
    leasing.hold(work, lease.taken, token=token, now=clock.now())
    return lease


def _mark(lease: leasing.Lease) -> list[leasing.Leased]:
    with transaction() as work:
        return leasing.mark_sending(work, lease.taken, token=lease.token, now=clock.now())


def _settle(sending: list[leasing.Leased], token: str, outcome: Outcome) -> None:
    with transaction() as work:
        settled = settling.settled_of(sending, [outcome] * len(sending))
        settling.settle(work, settled, sender="sms:ours", token=token, now=clock.now())


def test_a_lease_that_lapsed_before_sending_gives_the_message_back(session: Session, ben: Contact) -> None:
    delivery = queue(ben, session)
    with transaction() as work:
        slow = _lease(work, "slow")
        assert _lease(work, "other").taken == ()
    clock.advance(leasing.LEASE)
    a_round("sms", carrier := Carrier())
    assert _mark(slow) == []
    assert len(carrier.handed) == 1
    assert now_of(session, delivery).state == "accepted"


@pytest.mark.parametrize("late", [Sent("P9"), Deferred("down"), Failed("bad", address_invalid=True), Ambiguous("cut")])
def test_a_worker_that_vanished_while_sending_leaves_the_message_unknown(
    session: Session, ben: Contact, late: Outcome
) -> None:
    delivery = queue(ben, session)
    with transaction() as work:
        lease = _lease(work, "slow")
    sending = _mark(lease)
    clock.advance(leasing.SENDING + timedelta(seconds=1))
    with transaction() as work:
        assert leasing.sweep(work, now=clock.now()) == 1
    _settle(sending, "slow", late)
    settled = now_of(session, delivery)
    assert (settled.state, settled.reason, outcomes(settled)) == ("unknown", "worker-died", ["unknown:worker-died"])
    assert point_of(session, ben, "sms").state == "active"


def test_a_worker_that_is_told_to_stop_gives_back_what_it_did_not_begin(session: Session, ben: Contact) -> None:
    deliveries = [queue(ben, session, f"part {n}") for n in range(3)]
    stopping = threading.Event()

    def answer(outgoing: Outgoing) -> Outcome:
        stopping.set()
        return Sent("P1")

    deliver_due("sms", Late("sms:ours", lambda: Carrier(answer=answer), one), Rate(1000), AtOnce(), stopping)
    found = [now_of(session, delivery) for delivery in deliveries]
    assert [(one.state, one.lease_token) for one in found] == [("accepted", None), ("queued", None), ("queued", None)]


def test_two_workers_never_take_the_same_message(committed: Database) -> None:
    with transaction() as work:
        people = [a_customer(work, f"Customer {n}", phone=f"+4477009003{n:02}") for n in range(60)]
        for who in people:
            outbox.queue(
                work, SYSTEM, channel="sms", contact_point_id=point_of(work, who, "sms").id, text="Hello", kind="news"
            )
    carrier, start = Carrier(), threading.Barrier(2)

    def drain() -> None:
        start.wait()
        idle = 0
        while idle < 3:
            handled = deliver_due("sms", Late("sms:ours", lambda: carrier, one), Rate(100_000), AtOnce()).handled
            idle = 0 if handled else idle + 1

    workers = [threading.Thread(target=drain) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(carrier.handed) == 60
    assert len({outgoing.id for outgoing in carrier.handed}) == 60


def test_a_wrong_key_for_one_platform_stops_only_that_platform_until_it_is_tried_again(
    session: Session, caplog: pytest.LogCaptureFixture
) -> None:
    people = [a_customer(session, f"Customer {n}", push=f"token-{n}") for n in range(4)]
    for who, platform in zip(people, ("ios", "ios", "android", None), strict=True):
        point_of(session, who, "push").platform = platform
    session.commit()
    wrong_key = Deferred("fcm.third-party-auth", retry_after_s=900, pauses_platform=True, alert=True)
    first = queue(people[0], session, "to an iPhone", channel="push")
    a_round("push", Carrier(wrong_key))
    assert "needs attention: fcm.third-party-auth" in caplog.text
    assert figures.pauses() == "off: paused are push on ios until 12:15:00 UTC (fcm.third-party-auth)"
    assert figures.GAUGES["deliveries_senders_paused"]() == 1

    held = queue(people[1], session, "to another iPhone", channel="push")
    for who in people[2:]:
        queue(who, session, "to others", channel="push")
    a_round("push", carrier := Carrier())
    assert carrier.texts == ["to others", "to others"]
    assert (now_of(session, held).state, now_of(session, held).tries) == ("queued", 0)
    assert a_round("push", carrier).wait_s > 0, "what is paused must not keep the lane busy"

    clock.advance(timedelta(minutes=15))
    assert (figures.pauses(), figures.GAUGES["deliveries_senders_paused"]()) == (None, 0)
    a_round("push", carrier)
    assert sorted(carrier.texts[2:]) == ["to an iPhone", "to another iPhone"]
    assert {now_of(session, one).state for one in (first, held)} == {"accepted"}
