"""What customers order themselves: at their prices, out of everybody's stock, and never somebody else's orders."""

from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.carriers.models import TrackingEvent
from mcrm.clock import now
from mcrm.contacts.models import Contact
from mcrm.interactions.models import Interaction
from mcrm.products.models import PriceList, PriceListItem, Product
from mcrm.stock.models import StockItem
from tests.callers import Caller, as_customer, as_staff
from tests.cast import a_customer, a_product


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


@pytest.fixture
def espresso(session: Session) -> Product:
    made = a_product(session, price=950, stock=5)
    session.commit()
    return made


def wanted(product: Product, quantity: int = 2) -> dict[str, Any]:
    return {"lines": [{"product_id": str(product.id), "quantity": quantity}]}


def left(session: Session) -> int:
    session.expire_all()
    return session.scalars(select(StockItem)).one().available


def test_the_catalogue_says_what_a_piece_costs_this_customer_and_whether_any_are_left(
    app: Caller, stranger: Caller, session: Session, ben: Contact, espresso: Product
) -> None:
    own = PriceList(name="For Ben", currency="GBP", account_id=ben.account_id, rank=1)
    a_product(session, "MUG", "Mug", price=1400, stock=0)
    a_product(session, "TALK", "A talk", price=100)
    a_product(session, "X", "Retired").is_active = False
    session.add_all([own, Product(code="OLD", code_key="OLD", name="Without a price")])
    session.flush()
    session.add(PriceListItem(price_list_id=own.id, product_id=espresso.id, unit_price=800))
    session.commit()

    shown = {item["code"]: item for item in app.get("/v1/me/catalogue").json["items"]}

    assert {code: (item["price"] and item["price"]["total"], item["is_available"]) for code, item in shown.items()} == {
        "ESP-250": (800, True),
        "MUG": (1400, False),
        "OLD": (None, False),
        "TALK": (100, True),
    }
    assert stranger.get("/v1/me/catalogue", q="espresso").json["items"][0]["price"]["total"] == 950


def test_the_catalogue_comes_in_pages(app: Caller, session: Session) -> None:
    for code in ("A", "B", "C"):
        a_product(session, code, f"Product {code}")
    session.commit()
    first = app.get("/v1/me/catalogue", limit=2).json
    second = app.get("/v1/me/catalogue", limit=2, cursor=first["next_cursor"]).json
    assert [item["code"] for item in first["items"] + second["items"]] == ["A", "B", "C"]


def test_a_customer_orders_at_the_price_that_was_shown_or_not_at_all(
    app: Caller, session: Session, ben: Contact, espresso: Product
) -> None:
    shown = app.post("/v1/me/prices", wanted(espresso)).json["total"]
    for item in session.scalars(select(PriceListItem)):
        item.unit_price = 1000
    session.commit()
    refused = app.post("/v1/me/orders", wanted(espresso) | {"expected_total": shown})
    assert (refused.status_code, refused.json["code"]) == (409, "order.price-moved")
    assert (left(session), app.get("/v1/me/orders").json["items"]) == (5, [])

    made = app.post("/v1/me/orders", wanted(espresso) | {"expected_total": 2000})

    assert (made.status_code, made.json["total"], made.json["contact_id"]) == (201, 2000, str(ben.id))
    assert left(session) == 3
    placed = session.scalars(select(Interaction).where(Interaction.kind == "order.placed")).one()
    assert (placed.actor, placed.channel) == (f"customer:{ben.id}", "app")


def test_nobody_orders_more_than_there_is_or_with_a_discount_of_their_own(
    app: Caller, session: Session, espresso: Product
) -> None:
    assert app.post("/v1/me/orders", wanted(espresso, 6)).json["code"] == "order.out-of-stock"
    dear = {"lines": [{**wanted(espresso)["lines"][0], "discount_basis_points": 5000}]}
    assert app.post("/v1/me/orders", dear).status_code == 422
    assert app.post("/v1/me/orders", wanted(espresso) | {"contact_id": "x"}).status_code == 422
    assert left(session) == 5


def test_the_same_order_sent_twice_is_one(app: Caller, session: Session, espresso: Product) -> None:
    key = {"Idempotency-Key": "3f0b8d1c-6d0b-4a53-9a60-0f3c6f1f2a11"}
    first, second = (app.post("/v1/me/orders", wanted(espresso), **key) for _ in range(2))
    assert first.json["id"] == second.json["id"]
    assert left(session) == 3


def test_a_customer_changes_and_cancels_while_nothing_has_left(
    client: FlaskClient, app: Caller, session: Session, espresso: Product
) -> None:
    order = app.post("/v1/me/orders", wanted(espresso)).json
    path = f"/v1/me/orders/{order['id']}"
    line = {"line_id": order["lines"][0]["id"], "quantity": 4}
    stale = app.patch(f"{path}/lines", {"lines": [line]}, '"99"')
    changed = app.patch(f"{path}/lines", {"lines": [line]})
    assert (stale.status_code, changed.status_code, changed.json["total"], left(session)) == (412, 200, 3800, 1)

    cancelled = app.post(f"{path}/cancellation", {"reason": "Found another."})
    assert (cancelled.status_code, cancelled.json["status"], left(session)) == (201, "cancelled", 5)
    assert app.post(f"{path}/cancellation").json["code"] == "order.illegal-move"

    sent = app.post("/v1/me/orders", wanted(espresso)).json
    as_staff(client, Role.ADMIN).post(f"/v1/orders/{sent['id']}/shipments", {"carrier": "Royal Mail"})
    late = app.post(f"/v1/me/orders/{sent['id']}/cancellation")
    assert (late.status_code, late.json["code"]) == (409, "order.illegal-move")
    line["line_id"] = sent["lines"][0]["id"]
    assert app.patch(f"/v1/me/orders/{sent['id']}/lines", {"lines": [line]}).status_code == 409


def test_a_customer_orders_the_same_again_at_todays_prices_and_hears_what_is_gone(
    app: Caller, session: Session, espresso: Product
) -> None:
    mug = a_product(session, "MUG", "Stoneware mug", price=1400, stock=9)
    session.commit()
    both = {"lines": wanted(espresso)["lines"] + wanted(mug, 1)["lines"]}
    path = f"/v1/me/orders/{app.post('/v1/me/orders', both).json['id']}/reorder"
    mug.is_active = False
    session.commit()

    preview = app.get(path).json
    assert (preview["total"], preview["gone"], left_of(session, espresso)) == (1900, ["Stoneware mug"], 3)
    assert app.post(path, {"expected_total": 1899}).json["code"] == "order.price-moved"
    again = app.post(path, {"expected_total": 1900})
    assert (again.status_code, again.json["total"], again.json["gone"]) == (201, 1900, ["Stoneware mug"])
    assert left_of(session, espresso) == 1
    assert app.post(path).json["code"] == "order.out-of-stock"
    espresso.is_active = False
    session.commit()
    assert (app.get(path).status_code, app.post(path).json["code"]) == (409, "order.nothing-to-repeat")


def left_of(session: Session, product: Product) -> int:
    session.expire_all()
    return session.scalars(select(StockItem).where(StockItem.product_id == product.id)).one().available


def test_a_customer_follows_an_order_to_the_door(
    client: FlaskClient, app: Caller, session: Session, espresso: Product
) -> None:
    order = app.post("/v1/me/orders", wanted(espresso)).json
    path = f"/v1/me/orders/{order['id']}/tracking"
    assert app.get(path).json == {"number": order["number"], "status": "new", "expected_on": None, "shipments": []}
    parcel = {"carrier": "Royal Mail", "tracking_number": "RM1", "expected_on": "2026-12-01"}
    ada = as_staff(client, Role.ADMIN)
    shipment = ada.post(f"/v1/orders/{order['id']}/shipments", parcel).json["id"]
    session.add(TrackingEvent(shipment_id=UUID(shipment), at=now(), status="in_transit", detail="Depot 7"))
    session.commit()

    seen = app.get(path).json

    assert (seen["status"], seen["expected_on"]) == ("shipped", "2026-12-01")
    [carried] = seen["shipments"]
    assert (carried["tracking_number"], [event["status"] for event in carried["events"]]) == ("RM1", ["in_transit"])
    assert "Depot" not in str(seen)


def test_somebody_elses_order_is_no_order(app: Caller, stranger: Caller, session: Session, espresso: Product) -> None:
    order = app.post("/v1/me/orders", wanted(espresso)).json
    path = f"/v1/me/orders/{order['id']}"
    line = {"lines": [{"line_id": order["lines"][0]["id"], "quantity": 1}]}
    answers = [
        stranger.get(path),
        stranger.get(f"{path}/tracking"),
        stranger.get(f"{path}/lines"),
        stranger.patch(f"{path}/lines", line, '"1"'),
        stranger.post(f"{path}/cancellation"),
        stranger.get(f"{path}/reorder"),
        stranger.post(f"{path}/reorder"),
    ]
    assert {(answer.status_code, answer.json["code"]) for answer in answers} == {(404, "order.unknown")}
    assert (app.get(path).json["status"], left(session)) == ("new", 3)
