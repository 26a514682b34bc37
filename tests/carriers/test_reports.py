"""Carriers report: only who signs is heard, once, in any order; the date moves, and the customer hears of it once."""

import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import SYSTEM
from mcrm.carriers.models import TrackingEvent, TrackingStatus
from mcrm.carriers.reading import Report, story
from mcrm.carriers.service import slug
from mcrm.db import Database
from mcrm.deliveries.models import Delivery
from mcrm.interactions.models import Interaction, LogHead
from mcrm.orders import moving
from mcrm.orders.models import Order, Shipment
from mcrm.transaction import transaction
from tests import doors
from tests.cast import a_customer, an_order

SECRET = "the-royal-mail-tells-nobody"
NUMBER = "RM123456785GB"
NOON = datetime(2027, 1, 4, 12, tzinfo=UTC)
REPORTS = {
    "collected": {"status": "in_transit", "at": "2027-01-02T08:00:00Z", "expected_on": "2027-01-03"},
    "late": {"status": "exception", "at": "2027-01-03T08:00:00Z", "expected_on": "2027-01-04"},
    "today": {"status": "out_for_delivery", "at": "2027-01-04T07:00:00Z"},
    "there": {"status": "delivered", "at": "2027-01-04T11:30:00+01:00", "detail": "left with Mrs Smith at no. 12"},
}


@pytest.fixture
def client(database: Database) -> Iterator[FlaskClient]:
    made = replace(doors.settings(), carrier_secrets={"royal-mail": SECRET})
    with doors.make_app(made).test_client() as opened, clock.stopped(NOON):
        yield opened


@pytest.fixture
def order(session: Session, client: FlaskClient) -> Order:
    """Ben's order 1042, on its way with Royal Mail."""
    made = an_order(session, a_customer(session, phone="+447700900201"), "1042")
    session.commit()
    with transaction() as work:
        moving.ship(work, SYSTEM, order_id=made.id, carrier="Royal Mail", tracking_number=NUMBER)
    return made


def post(client: FlaskClient, body: bytes, *, secret: str = SECRET, at: datetime | None = None, **headers: str) -> int:
    stamp = str(int((at or clock.now()).timestamp()))
    signature = hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()
    signed = {"X-Carrier-Timestamp": stamp, "X-Carrier-Signature": f"sha256={signature}"} | headers
    return client.post("/webhooks/carriers/royal-mail", data=body, headers=signed).status_code


def report(client: FlaskClient, name: str, **changes: Any) -> int:
    facts = {"event_id": name, "tracking_number": NUMBER, **REPORTS[name], **changes}
    return post(client, json.dumps(facts).encode())


def texts(session: Session) -> list[str]:
    session.expire_all()
    return [text for text in session.scalars(select(Delivery.text).order_by(Delivery.id)) if text]


def position(session: Session) -> int | None:
    session.expire_all()
    return session.scalar(select(LogHead.position))


def test_the_expected_date_moves_and_the_customer_hears_of_it_twice(
    client: FlaskClient, session: Session, order: Order
) -> None:
    days = []
    for name in REPORTS:
        assert report(client, name) == 200
        session.expire_all()
        days.append(session.get_one(Order, order.id).expected_on)
    assert days == [date(2027, 1, 3), date(2027, 1, 4), date(2027, 1, 4), date(2027, 1, 4)]
    assert texts(session)[1:] == ["Order 1042 is out for delivery today.", "Order 1042 has been delivered."]
    assert session.get_one(Order, order.id).status == "delivered"
    shipment = session.scalars(select(Shipment)).one()
    assert (shipment.tracking_status, shipment.delivered_at) == ("delivered", datetime(2027, 1, 4, 10, 30, tzinfo=UTC))
    kinds = list(session.scalars(select(Interaction.kind).order_by(Interaction.position)))
    assert kinds.count("shipment.tracked") == 4
    assert (kinds.count("shipment.delivered"), kinds.count("order.delivered")) == (1, 1)


@pytest.mark.parametrize("names", list(permutations(REPORTS))[::5])
def test_reports_in_any_order_end_alike_and_say_nothing_twice_or_late(
    client: FlaskClient, session: Session, order: Order, names: tuple[str, ...]
) -> None:
    for name in (*names, *names):
        assert report(client, name) == 200
    session.expire_all()
    shipment = session.scalars(select(Shipment)).one()
    assert (shipment.tracking_status, shipment.expected_on) == ("delivered", date(2027, 1, 4))
    assert session.get_one(Order, order.id).status == "delivered"
    assert session.scalar(select(func.count()).select_from(TrackingEvent)) == 4
    said = texts(session)[1:]
    assert said[-1] == "Order 1042 has been delivered."
    assert said[:-1] == (
        ["Order 1042 is out for delivery today."] if names.index("today") < names.index("there") else []
    )


def test_what_the_carrier_did_not_sign_leaves_no_trace(client: FlaskClient, session: Session, order: Order) -> None:
    before = position(session)
    body = json.dumps({"event_id": "x", "tracking_number": NUMBER, **REPORTS["there"]}).encode()
    minutes = timedelta(minutes=1)
    refused = [
        post(client, body, secret="another-secret-of-somebody"),
        post(client, body, at=clock.now() - 6 * minutes),
        post(client, body, at=clock.now() + 6 * minutes),
        post(client, body, **{"X-Carrier-Signature": "sha256=" + "0" * 64}),
        post(client, body, **{"X-Carrier-Signature": ""}),
        post(client, body, **{"X-Carrier-Timestamp": "now"}),
        post(client, body, **{"X-Carrier-Timestamp": str(int(clock.now().timestamp()) + 1)}),
        client.post("/webhooks/carriers/royal-mail", data=body).status_code,
        client.post("/webhooks/carriers/dpd", data=body).status_code,
    ]
    assert refused == [403] * len(refused)
    assert position(session) == before
    assert post(client, body, at=clock.now() - 4 * minutes) == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"[" * 100_000,
        b'{"event_id": ' + b"9" * 6000 + b"}",
        json.dumps(
            {"event_id": "x", "tracking_number": NUMBER, "status": "lost in space", "at": "2027-01-04"}
        ).encode(),
        json.dumps({"event_id": "\0", "tracking_number": NUMBER, **REPORTS["today"]}).encode(),
        json.dumps({"event_id": "x", "tracking_number": "somebody else's", **REPORTS["today"]}).encode(),
    ],
)
def test_what_we_do_not_understand_is_taken_and_left_alone(
    client: FlaskClient, session: Session, order: Order, body: bytes
) -> None:
    before = position(session)
    assert post(client, body) == 200
    assert position(session) == before


def test_members_we_do_not_know_are_passed_over(client: FlaskClient, session: Session, order: Order) -> None:
    assert report(client, "today", depot={"id": 4}) == 200
    assert len(texts(session)) == 2


def test_a_carrier_is_known_by_its_name_in_the_path() -> None:
    assert [slug(name) for name in ("Royal Mail", "DPD", " Evri (UK) ")] == ["royal-mail", "dpd", "evri-uk"]


@given(
    st.lists(
        st.builds(
            Report,
            event_id=st.text("abc", min_size=1, max_size=3),
            at=st.integers(0, 48).map(lambda hours: NOON + timedelta(hours=hours)),
            status=st.sampled_from(TrackingStatus),
            expected_on=st.none() | st.dates(date(2027, 1, 1), date(2027, 1, 9)),
        ),
        min_size=1,
        max_size=6,
        unique_by=lambda told: told.event_id,
    ),
    st.randoms(use_true_random=False),
)
def test_a_story_does_not_depend_on_who_came_first(reports: list[Report], random: Any) -> None:
    shuffled = list(reports)
    random.shuffle(shuffled)
    told = story(shuffled)
    assert told == story(reports)
    arrived = [told.at for told in reports if told.status is TrackingStatus.DELIVERED]
    assert (told.status is TrackingStatus.DELIVERED, told.delivered_at) == (bool(arrived), min(arrived, default=None))
