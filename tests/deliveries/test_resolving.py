"""The way out of unknown: asked where one can ask, repeated where that does no harm, given up otherwise."""

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.contacts.models import Contact
from mcrm.deliveries.models import Delivery, Priority
from mcrm.deliveries.outgoing import Ambiguous, Outcome, Outgoing, Sent
from notifications.resolver import resolve_due
from notifications.senders import Late, Senders, one
from notifications.sms import SmsStatus
from notifications.transport import LookupUnavailable
from tests.cast import a_customer
from tests.deliveries.carriers import NOON, Carrier, a_round, now_of, outcomes, queue

LOST = Ambiguous("no-answer")


class Twilio(Carrier):
    """A carrier that can be asked."""

    def __init__(self, *answers: Outcome) -> None:
        super().__init__(*answers)
        self.has: str | None = None
        self.status = SmsStatus("sent", None)
        self.is_down = False
        self.asked: list[Outgoing] = []
        self.fetched: list[str] = []

    def lookup(self, outgoing: Outgoing, since: datetime, known: Collection[str] = ()) -> Outcome | None:
        self.asked.append(outgoing)
        if self.is_down:
            raise LookupUnavailable
        return Sent(self.has) if self.has and self.has not in known else None

    def fetch(self, provider_id: str) -> SmsStatus:
        self.fetched.append(provider_id)
        if self.is_down:
            raise LookupUnavailable
        return self.status


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.stopped(NOON):
        yield


@pytest.fixture
def ben(session: Session) -> Contact:
    contact = a_customer(session, "Ben Okafor", phone="+447700900201", telegram=700201, push="ben-token")
    session.commit()
    return contact


def resolve(carrier: Carrier, channel: str = "sms", after_s: float = 130) -> int:
    clock.advance(timedelta(seconds=after_s))
    return resolve_due(Senders({channel: Late(f"{channel}:ours", lambda: carrier, one)}))


def lost(session: Session, ben: Contact, carrier: Carrier, channel: str = "sms", **facts: object) -> Delivery:
    delivery = queue(ben, session, channel=channel, **facts)
    a_round(channel, carrier)
    assert now_of(session, delivery).state == "unknown"
    return delivery


def test_a_receipt_gets_two_minutes_before_twilio_is_asked(session: Session, ben: Contact) -> None:
    lost(session, ben, carrier := Twilio(LOST))
    assert resolve(carrier, after_s=119) == 0
    assert resolve(carrier, after_s=2) == 1


def test_a_text_that_twilio_has_is_accepted_and_not_sent_again(session: Session, ben: Contact) -> None:
    delivery = lost(session, ben, carrier := Twilio(LOST))
    carrier.has = "SM1"
    resolve(carrier)
    a_round("sms", carrier)
    settled = now_of(session, delivery)
    assert (settled.state, settled.provider_id, len(carrier.handed)) == ("accepted", "SM1", 1)


def test_an_equal_text_of_another_delivery_proves_nothing(session: Session, ben: Contact) -> None:
    queue(ben, session)
    carrier = Twilio(Sent("SM1"), LOST)
    a_round("sms", carrier)
    delivery = lost(session, ben, carrier)
    carrier.has = "SM1"
    resolve(carrier)
    assert now_of(session, delivery).state == "queued"


def test_a_text_that_twilio_has_not_is_sent_once_more_and_only_once(session: Session, ben: Contact) -> None:
    delivery = lost(session, ben, carrier := Twilio(LOST, LOST))
    resolve(carrier)
    a_round("sms", carrier)
    resolve(carrier)
    settled = now_of(session, delivery)
    assert (settled.state, settled.reason, len(carrier.handed)) == ("failed", "ambiguous", 2)
    assert outcomes(settled) == ["unknown:no-answer", "resent", "unknown:no-answer"]


def test_no_answer_is_not_an_answer(session: Session, ben: Contact) -> None:
    delivery = lost(session, ben, carrier := Twilio(LOST))
    carrier.is_down = True
    resolve(carrier)
    assert resolve(carrier, after_s=60) == 0
    resolve(carrier)
    assert (now_of(session, delivery).state, len(carrier.asked)) == ("unknown", 2)


@pytest.mark.parametrize("channel", ["sms", "telegram"])
def test_a_broadcast_is_never_repeated(session: Session, ben: Contact, channel: str) -> None:
    delivery = lost(session, ben, carrier := Twilio(LOST), channel, priority=Priority.BULK)
    resolve(carrier, channel)
    assert (now_of(session, delivery).state, now_of(session, delivery).reason) == ("failed", "ambiguous")


def test_a_chat_message_is_repeated_once_since_nobody_can_be_asked(session: Session, ben: Contact) -> None:
    delivery = lost(session, ben, carrier := Carrier(LOST, LOST), "telegram")
    resolve(carrier, "telegram", after_s=11)
    a_round("telegram", carrier)
    resolve(carrier, "telegram", after_s=11)
    assert (now_of(session, delivery).state, len(carrier.handed)) == ("failed", 2)


def test_a_push_replaces_itself_so_it_is_repeated_later_each_time(session: Session, ben: Contact) -> None:
    carrier = Carrier(answer=lambda outgoing: LOST)
    delivery = lost(session, ben, carrier, "push", collapse_key="order-1042")
    for _ in range(12):
        resolve(carrier, "push", after_s=6)
        clock.advance(timedelta(hours=1))
        a_round("push", carrier)
    assert (now_of(session, delivery).state, len(carrier.handed)) == ("failed", 8)


def test_what_is_too_late_is_not_repeated(session: Session, ben: Contact) -> None:
    delivery = lost(session, ben, carrier := Twilio(LOST), expires_at=NOON + timedelta(minutes=1))
    resolve(carrier)
    assert (now_of(session, delivery).state, now_of(session, delivery).reason) == ("failed", "ambiguous")


def test_a_text_without_reports_is_asked_about_less_and_less_and_then_no_more(session: Session, ben: Contact) -> None:
    delivery = queue(ben, session)
    a_round("sms", carrier := Twilio(Sent("SM1")))
    assert resolve(carrier, after_s=599) == 0
    asked = sum(resolve(carrier, after_s=600) for _ in range(400))
    assert 5 <= asked <= 12
    assert now_of(session, delivery).lease_until is None


def test_a_report_that_got_lost_is_fetched(session: Session, ben: Contact) -> None:
    delivery = queue(ben, session)
    a_round("sms", carrier := Twilio(Sent("SM1")))
    carrier.is_down = True
    resolve(carrier, after_s=601)
    carrier.is_down, carrier.status = False, SmsStatus("undelivered", 30005)
    resolve(carrier, after_s=1500)
    settled = now_of(session, delivery)
    assert (settled.state, settled.reason, carrier.fetched) == ("failed", "twilio.30005", ["SM1", "SM1"])
