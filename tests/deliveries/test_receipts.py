"""What Twilio reports later: kept as it came, signed or refused, and the delivery only ever moves forward."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from flask import Blueprint
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from twilio.request_validator import RequestValidator

from mcrm import clock
from mcrm.config import Settings
from mcrm.consents.models import Suppression
from mcrm.contacts.models import Contact
from mcrm.deliveries.models import Delivery, Receipt
from mcrm.deliveries.outgoing import Ambiguous, Sent
from mcrm.transaction import transaction
from notifications import receipts, reports
from notifications.reports import RANKS, Report
from tests.cast import a_customer
from tests.deliveries.carriers import NOON, Carrier, a_round, now_of, outcomes, point_of, queue
from tests.doors import ENVIRONMENT, make_app

SID = "SM" + "0" * 32
OURS = "sms:ours"
URL = "/webhooks/twilio/status"


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.stopped(NOON):
        yield


@pytest.fixture
def ben(session: Session) -> Contact:
    contact = a_customer(session, "Ben Okafor", phone="+447700900201", telegram=700201)
    session.commit()
    return contact


def sent(session: Session, ben: Contact, **facts: Any) -> Delivery:
    delivery = queue(ben, session, **facts)
    a_round("sms", Carrier())
    with transaction() as work:
        work.get_one(Delivery, delivery.id).provider_id = SID
    return now_of(session, delivery)


def report(delivery: Delivery, status: str, code: str | None = None, sid: str = SID) -> bool:
    with transaction() as work:
        found = Report(delivery_id=delivery.id, provider_id=sid, status=status, code=code)
        return reports.record(work, found, sender=OURS)


@pytest.mark.parametrize("order", list(permutations(("queued", "sent", "delivered"))))
def test_reports_in_any_order_and_twice_end_at_the_same_place(
    session: Session, ben: Contact, order: tuple[str, ...]
) -> None:
    delivery = sent(session, ben)
    for status in (*order, *order):
        report(delivery, status)
    assert now_of(session, delivery).state == "delivered"
    assert len(session.scalars(select(Receipt)).all()) == 6


def test_delivered_is_not_taken_back_but_read_is_further(session: Session, ben: Contact) -> None:
    delivery = sent(session, ben)
    assert report(delivery, "delivered")
    assert not report(delivery, "failed", "30008")
    assert now_of(session, delivery).state == "delivered"
    assert report(delivery, "read")
    assert now_of(session, delivery).state == "read"


def test_a_report_that_overtakes_our_own_note_is_not_lost(session: Session, ben: Contact) -> None:
    def answer(outgoing: Any) -> Ambiguous:
        report(delivery, "delivered")
        return Ambiguous("sms.no-answer")

    delivery = queue(ben, session)
    a_round("sms", Carrier(answer=answer))
    settled = now_of(session, delivery)
    assert (settled.state, settled.provider_id, settled.accepted_at) == ("delivered", SID, NOON)


def test_a_report_tells_that_an_unknown_message_had_left_after_all(session: Session, ben: Contact) -> None:
    delivery = queue(ben, session)
    a_round("sms", Carrier(Ambiguous("sms.no-answer")))
    assert now_of(session, delivery).state == "unknown"
    report(delivery, "sent")
    settled = now_of(session, delivery)
    assert (settled.state, settled.provider_id, settled.reason) == ("accepted", SID, None)


@pytest.mark.parametrize(
    ("code", "state", "point_state", "stops"),
    [("30005", "failed", "invalid", 0), ("30004", "suppressed", "active", 1), ("30008", "failed", "active", 0)],
)
def test_a_report_of_failure_says_what_it_says_about_the_number_and_tries_the_next_way(
    session: Session, ben: Contact, code: str, state: str, point_state: str, stops: int
) -> None:
    point = point_of(session, ben, "sms")
    delivery = sent(session, ben, fallbacks=["sms", "telegram"], dedupe_key="k")
    report(delivery, "undelivered", code)
    settled = now_of(session, delivery)
    assert (settled.state, settled.reason) == (state, f"twilio.{code}")
    session.refresh(point)
    assert (point.state, len(session.scalars(select(Suppression)).all())) == (point_state, stops)
    a_round("telegram", carrier := Carrier())
    assert len(carrier.handed) == 1


@pytest.mark.parametrize(
    ("code", "pause_s", "alerts"),
    [("30001", 60, 0), ("30002", 300, 1), ("30034", 300, 1)],
)
def test_what_only_our_sender_is_to_blame_for_is_kept_and_sent_when_its_pause_is_over(
    session: Session, ben: Contact, caplog: pytest.LogCaptureFixture, code: str, pause_s: int, alerts: int
) -> None:
    delivery = sent(session, ben, fallbacks=["sms", "telegram"], dedupe_key="k")
    assert report(delivery, "failed", code)
    kept = now_of(session, delivery)
    assert (kept.state, kept.reason, kept.provider_id, kept.accepted_at) == ("queued", f"twilio.{code}", None, None)
    assert outcomes(kept) == ["accepted", f"deferred:twilio.{code}"]
    assert len([line for line in caplog.records if "needs attention" in line.message]) == alerts
    another = queue(ben, session, "Another")
    clock.advance(timedelta(seconds=pause_s - 1))
    a_round("sms", carrier := Carrier())
    assert (carrier.handed, now_of(session, another).state) == ([], "queued")
    clock.advance(timedelta(seconds=2))
    a_round("sms", carrier)
    assert sorted(carrier.texts) == ["Another", "Hello"]
    assert now_of(session, delivery).state == "accepted"


def test_a_failure_reported_twice_or_late_says_nothing_of_the_next_attempt(session: Session, ben: Contact) -> None:
    delivery = sent(session, ben)
    report(delivery, "failed", "30001")
    assert not report(delivery, "failed", "30001")
    assert not report(delivery, "sent")
    assert now_of(session, delivery).state == "queued"
    clock.advance(timedelta(seconds=61))
    a_round("sms", Carrier(Ambiguous("sms.no-answer")))
    assert not report(delivery, "failed", "30001")
    assert now_of(session, delivery).state == "unknown"
    assert report(delivery, "delivered", sid="SM" + "1" * 32)
    assert now_of(session, delivery).state == "delivered"


def test_a_code_that_the_carrier_dropped_is_not_sent_again_without_its_digits(session: Session, ben: Contact) -> None:
    delivery = sent(session, ben, text="Your code is 123456.", secret=True)
    report(delivery, "failed", "30001")
    assert (now_of(session, delivery).state, now_of(session, delivery).reason) == ("failed", "twilio.30001")


def test_a_carrier_that_drops_a_text_again_and_again_leads_to_the_next_way(session: Session, ben: Contact) -> None:
    delivery = queue(ben, session, fallbacks=["sms", "telegram"], dedupe_key="k")
    for attempt in range(8):
        clock.advance(timedelta(hours=1))
        sid = f"SM{attempt:032}"
        a_round("sms", Carrier(Sent(sid)))
        report(delivery, "failed", "30034", sid)
    assert (now_of(session, delivery).state, now_of(session, delivery).reason) == ("failed", "tries-exhausted")
    a_round("telegram", carrier := Carrier())
    assert carrier.texts == ["Hello"]


def test_every_status_that_twilio_names_has_a_rank() -> None:
    from twilio.rest.api.v2010.account.message import MessageInstance

    named = {value for name, value in vars(MessageInstance.Status).items() if name.isupper()}
    assert named - {"receiving", "received", "partially_delivered"} <= set(RANKS)


@pytest.fixture
def web(session: Session) -> Iterator[FlaskClient]:
    with make_app(door=door).test_client() as client:
        yield client


def door(made: Settings) -> tuple[Blueprint, frozenset[str]]:
    """Where Twilio reports."""
    return receipts.make_receipts(made), receipts.ENDPOINTS


def signed(path: str, form: dict[str, str]) -> dict[str, str]:
    url = ENVIRONMENT["MCRM_PUBLIC_URL"] + path
    return {"X-Twilio-Signature": RequestValidator(ENVIRONMENT["TWILIO_AUTH_TOKEN"]).compute_signature(url, form)}


def test_a_signed_report_moves_its_delivery(web: FlaskClient, session: Session, ben: Contact) -> None:
    delivery = sent(session, ben)
    path, form = f"{URL}?d={delivery.id}", {"MessageSid": SID, "MessageStatus": "delivered"}
    assert web.post(path, data=form, headers=signed(path, form)).status_code == 204
    assert now_of(session, delivery).state == "delivered"


def test_a_report_without_a_good_signature_leaves_no_trace(web: FlaskClient, session: Session, ben: Contact) -> None:
    delivery = sent(session, ben)
    path, form = f"{URL}?d={delivery.id}", {"MessageSid": SID, "MessageStatus": "delivered"}
    good = signed(path, form)
    for headers, data in (({}, form), ({"X-Twilio-Signature": "AAAA"}, form), (good, form | {"ErrorCode": "30004"})):
        assert web.post(path, data=data, headers=headers).status_code == 403
    assert web.post(f"{URL}?d=0190a8b0-0000-7000-8000-000000000000", data=form, headers=good).status_code == 403
    assert session.scalars(select(Receipt)).all() == []
    assert now_of(session, delivery).state == "accepted"


@pytest.mark.parametrize(
    ("query", "form"),
    [
        ("?d=not-an-id", {"MessageSid": SID, "MessageStatus": "delivered"}),
        ("", {"MessageStatus": "delivered"}),
        ("?d=0190a8b0-0000-7000-8000-000000000000", {"MessageSid": SID, "MessageStatus": "sent"}),
        ("", {"MessageSid": SID, "MessageStatus": "some-day"}),
        ("", {"MessageSid": SID + "\x00\x01", "MessageStatus": "failed", "ErrorCode": "x" * 5000}),
    ],
)
def test_odd_reports_are_taken_without_a_word(
    web: FlaskClient, session: Session, query: str, form: dict[str, str]
) -> None:
    assert web.post(URL + query, data=form, headers=signed(URL + query, form)).status_code == 204
