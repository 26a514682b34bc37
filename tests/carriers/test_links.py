"""Tracking links: whoever holds one sees where the order is, for a while, and nothing of whom it is for."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mcrm import clock, keys
from mcrm.actors import Role
from mcrm.carriers import links
from mcrm.carriers.models import TrackingEvent
from mcrm.ids import new_id
from mcrm.orders.models import Order, Shipment
from tests.callers import as_staff
from tests.cast import a_customer, an_order
from tests.doors import ENVIRONMENT

NOON = datetime(2027, 1, 2, 12, tzinfo=UTC)
JSON = {"Accept": "application/json"}


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with clock.stopped(NOON):
        yield


@pytest.fixture
def order(session: Session, client: FlaskClient) -> Order:
    made = an_order(session, a_customer(session, phone="+447700900201"), "10<42>", status="shipped")
    made.expected_on = NOON.date() + timedelta(days=2)
    shipment = Shipment(order_id=made.id, carrier="Royal Mail", tracking_number="RM1", shipped_at=NOON)
    session.add(shipment)
    session.flush()
    event = {"status": "in_transit", "detail": "for B. Okafor, 1 Harbour St", "carrier": "royal-mail", "event_id": "1"}
    session.add(TrackingEvent(shipment_id=shipment.id, at=NOON, **event))
    session.commit()
    return made


def link(client: FlaskClient, order: Order) -> str:
    made = as_staff(client, Role.AGENT).post(f"/v1/orders/{order.id}/tracking-link", {"days": 2})
    assert made.status_code == 201
    assert made.json["expires_at"] == "2027-01-04T12:00:00Z"
    origin, _, token = made.json["url"].partition("/t/")
    assert origin == ENVIRONMENT["MCRM_PUBLIC_URL"]
    return f"/t/{token}"


def test_a_link_shows_number_status_date_and_events_and_no_more(client: FlaskClient, order: Order) -> None:
    seen = client.get(link(client, order), headers=JSON)
    assert seen.json == {
        "number": "10<42>",
        "status": "shipped",
        "expected_on": "2027-01-04",
        "events": [{"at": "2027-01-02T12:00:00Z", "status": "in_transit"}],
    }


def test_a_browser_gets_a_page_that_asks_no_other_host_and_tells_nobody(client: FlaskClient, order: Order) -> None:
    seen = client.get(link(client, order), headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    assert (seen.status_code, seen.mimetype) == (200, "text/html")
    assert (seen.headers["Cache-Control"], seen.headers["Referrer-Policy"]) == ("private", "no-referrer")
    assert "Accept" in seen.headers["Vary"]
    assert "default-src 'none'" in seen.headers["Content-Security-Policy"]
    page = seen.text
    assert "Order 10&lt;42&gt;" in page
    assert "Expected on 4 January." in page
    for secret in ("Okafor", "Harbour St", "447700900201", "RM1", str(order.id), "://", "<script", "src="):
        assert secret not in page


def test_a_link_ends(client: FlaskClient, order: Order) -> None:
    path = link(client, order)
    with clock.stopped(NOON + timedelta(days=2)):
        over = client.get(path, headers=JSON)
        assert (over.status_code, over.json["code"]) == (404, "tracking-link.over")
        page = client.get(path)
        assert (page.status_code, page.mimetype) == (404, "text/html")


def test_no_letter_of_a_link_can_be_changed(client: FlaskClient, order: Order) -> None:
    token = link(client, order).removeprefix("/t/")
    for place in range(len(token)):
        other = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert links.read(other, clock.now()) is None, place
    for other in ("", "x", token[:-1], token + "A", "é" * 48, "!" * 48):
        assert links.read(other, clock.now()) is None


def test_a_link_of_another_installation_opens_nothing(client: FlaskClient, order: Order) -> None:
    keys.use("the secret of another installation altogether")
    foreign = links.make(order.id, NOON + timedelta(days=1))
    keys.use(ENVIRONMENT["MCRM_SECRET_KEY"])
    assert client.get(f"/t/{foreign}", headers=JSON).status_code == 404
    assert client.get(f"/t/{links.make(new_id(), NOON + timedelta(days=1))}", headers=JSON).status_code == 404


def test_guessing_links_is_slowed_down(client: FlaskClient, order: Order) -> None:
    statuses = {client.get(f"/t/{'A' * 48}", headers=JSON).status_code for _ in range(150)}
    assert statuses == {404, 429}
