"""What customers do with their own quotes, orders and returns, and with nobody else's."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.contacts.models import Contact
from mcrm.interactions.models import Interaction
from tests.callers import Caller, as_customer, as_staff
from tests.cast import a_customer, a_product


@pytest.fixture
def ada(client: FlaskClient) -> Caller:
    return as_staff(client, Role.ADMIN)


@pytest.fixture
def ben(session: Session) -> Contact:
    made = a_customer(session, phone="+447700900201")
    session.commit()
    return made


@pytest.fixture
def app(client: FlaskClient, ben: Contact) -> Caller:
    return as_customer(client, ben)


@pytest.fixture
def stranger(client: FlaskClient, session: Session) -> Caller:
    aisha = a_customer(session, "Aisha Khan", phone="+447700900202")
    session.commit()
    return as_customer(client, aisha)


def quote_for(ada: Caller, session: Session, ben: Contact) -> dict[str, Any]:
    """Three of five espressos at 9.50."""
    espresso = a_product(session, price=950, stock=5)
    session.commit()
    wanted = {"contact_id": str(ben.id), "lines": [{"product_id": str(espresso.id), "quantity": 3}]}
    return dict(ada.post("/v1/quotes", wanted).json)


def test_a_customer_takes_a_quote_at_its_prices(
    ada: Caller, app: Caller, stranger: Caller, session: Session, ben: Contact
) -> None:
    quote = quote_for(ada, session, ben)
    path = f"/v1/me/quotes/{quote['id']}"
    assert [item["id"] for item in app.get("/v1/me/quotes", state="open").json["items"]] == [quote["id"]]
    assert app.get(path).json == quote
    assert stranger.get("/v1/me/quotes").json["items"] == []
    assert (stranger.get(path).status_code, stranger.post(f"{path}/acceptance").status_code) == (404, 404)

    order = app.post(f"{path}/acceptance")

    assert (order.status_code, order.json["total"], order.json["contact_id"]) == (201, 2850, str(ben.id))
    assert app.get(path).json["order_id"] == order.json["id"]
    accepted = session.scalars(select(Interaction).where(Interaction.kind == "quote.accepted")).one()
    assert accepted.actor == f"customer:{ben.id}"


def test_a_customer_declines_a_quote_once(ada: Caller, app: Caller, session: Session, ben: Contact) -> None:
    path = f"/v1/me/quotes/{quote_for(ada, session, ben)['id']}"
    assert app.post(f"{path}/declination", {"reason": "too dear"}).json["state"] == "declined"
    again = app.post(f"{path}/acceptance")
    assert (again.status_code, again.json["code"]) == (409, "quote.illegal-move")


def ordered(ada: Caller, app: Caller, session: Session, ben: Contact) -> dict[str, Any]:
    path = f"/v1/me/quotes/{quote_for(ada, session, ben)['id']}"
    return dict(app.post(f"{path}/acceptance").json)


def back(caller: Caller, order: dict[str, Any], quantity: int) -> Any:
    line = {"line_id": order["lines"][0]["id"], "quantity": quantity}
    return caller.post(f"/v1/me/orders/{order['id']}/returns", {"lines": [line], "reason": "damaged"})


def test_a_customer_sends_back_what_has_arrived_and_no_more(
    ada: Caller, app: Caller, stranger: Caller, session: Session, ben: Contact
) -> None:
    order = ordered(ada, app, session, ben)
    path, line = f"/v1/orders/{order['id']}", order["lines"][0]["id"]
    assert back(app, order, 1).json["code"] == "return.nothing-shipped"
    part = {"carrier": "DPD", "lines": [{"line_id": line, "quantity": 2}]}
    shipment = ada.post(f"{path}/shipments", part).json["id"]
    refused = back(app, order, 1)
    assert (refused.status_code, refused.json["code"]) == (409, "return.more-than-delivered")
    ada.post(f"{path}/shipments/{shipment}/delivery")
    ada.post(f"{path}/shipments", {"carrier": "DPD"})
    assert back(app, order, 3).json["code"] == "return.more-than-delivered"

    made = back(app, order, 2)

    assert (made.status_code, made.json["state"], made.json["reason"]) == (201, "requested", "damaged")
    assert back(app, order, 1).json["code"] == "return.more-than-delivered"
    ada.post(f"{path}/delivery")
    assert back(app, order, 1).status_code == 201
    ada.post(f"/v1/returns/{made.json['id']}/receipt")
    assert app.get(f"/v1/me/returns/{made.json['id']}").json["state"] == "received"
    assert len(app.get("/v1/me/returns", order_id=order["id"]).json["items"]) == 2
    assert stranger.get("/v1/me/returns").json["items"] == []
    assert stranger.get(f"/v1/me/returns/{made.json['id']}").status_code == 404
    assert back(stranger, order, 1).json["code"] == "order.unknown"


def test_a_customer_keeps_it_after_all_while_nothing_came_of_it(
    ada: Caller, app: Caller, stranger: Caller, session: Session, ben: Contact
) -> None:
    order = ordered(ada, app, session, ben)
    ada.post(f"/v1/orders/{order['id']}/shipments", {"carrier": "DPD"})
    ada.post(f"/v1/orders/{order['id']}/delivery")
    path = f"/v1/me/returns/{back(app, order, 3).json['id']}/withdrawal"
    assert stranger.post(path).status_code == 404
    assert app.post(path).json["state"] == "withdrawn"
    assert app.post(path).json["code"] == "return.illegal-move"
    received = back(app, order, 3).json["id"]
    ada.post(f"/v1/returns/{received}/receipt")
    assert app.post(f"/v1/me/returns/{received}/withdrawal").status_code == 409


def test_a_customer_hands_out_a_link_to_the_own_order_alone(
    client: FlaskClient, ada: Caller, app: Caller, stranger: Caller, session: Session, ben: Contact
) -> None:
    order = ordered(ada, app, session, ben)
    path = f"/v1/me/orders/{order['id']}/tracking-link"
    made = app.post(path, {"days": 2})
    assert made.status_code == 201
    seen = client.get(f"/t/{made.json['url'].rpartition('/')[2]}", headers={"Accept": "application/json"})
    assert seen.json["number"] == order["number"]
    assert stranger.post(path).json["code"] == "order.unknown"
