"""Orders over HTTP: placed at the price and stock of the moment, moved along, found, and seen by whom they concern."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.deliveries.models import Delivery
from mcrm.interactions.models import Interaction
from mcrm.orders.models import Order
from mcrm.products.models import PriceList, PriceListItem
from mcrm.stock.models import StockItem, StockMove
from tests.callers import Caller, as_customer, as_staff
from tests.cast import a_customer, a_product, a_territory, an_order

UNKNOWN = "01890000-0000-7000-8000-000000000000"
ROYAL_MAIL = {"carrier": "Royal Mail", "tracking_number": "RM123456785GB", "expected_on": "2027-01-02"}


def kinds(session: Session) -> list[str]:
    session.expire_all()
    return list(session.scalars(select(Interaction.kind).order_by(Interaction.position)))


def stock(session: Session) -> tuple[int, int]:
    """(on hand, reserved) of the only stock item."""
    session.expire_all()
    item = session.scalars(select(StockItem)).one()
    return item.on_hand, item.reserved


def wish(contact_id: object, *lines: tuple[object, int]) -> dict[str, Any]:
    wanted = [{"product_id": str(product_id), "quantity": quantity} for product_id, quantity in lines]
    return {"contact_id": str(contact_id), "lines": wanted}


@pytest.fixture
def ada(client: FlaskClient) -> Caller:
    return as_staff(client, Role.ADMIN)


def test_an_order_is_placed_at_the_prices_in_force_with_its_stock_held(session: Session, ada: Caller) -> None:
    ben, espresso = a_customer(session), a_product(session, price=950, stock=10)
    mug = a_product(session, "MUG-01", "Pine mug", price=1400)
    session.commit()
    placed = ada.post("/v1/orders", wish(ben.id, (espresso.id, 2), (mug.id, 1)))

    assert placed.status_code == 201
    order = placed.json
    assert (order["number"], order["status"], order["currency"], order["total"]) == ("1001", "new", "GBP", 3300)
    assert [(line["description"], line["unit_price"], line["total"]) for line in order["lines"]] == [
        ("Harbour Espresso 250 g", 950, 1900),
        ("Pine mug", 1400, 1400),
    ]
    assert order["rev"] == 1
    assert (order["contact_id"], order["account_id"]) == (str(ben.id), str(ben.account_id))
    assert stock(session) == (10, 2)
    assert kinds(session)[-1] == "order.placed"
    assert ada.get(f"/v1/orders/{order['id']}").json == order


def test_an_order_too_large_for_any_ledger_is_refused_and_holds_no_stock(session: Session, ada: Caller) -> None:
    ben, island = a_customer(session), a_product(session, "ISLE", "An island", price=10**12, stock=10**8)
    session.commit()
    for lines in ([(island.id, 1_001)], [(island.id, 1_000)] * 2, [(island.id, 1_000_000)] * 20):
        refused = ada.post("/v1/orders", wish(ben.id, *lines))
        assert (refused.status_code, refused.json["code"]) == (422, "order.too-large"), lines
    assert stock(session) == (10**8, 0)
    assert ada.post("/v1/orders", wish(ben.id, (island.id, 1_000))).json["total"] == 10**15


def test_numbers_go_on_and_skip_those_that_an_import_has_taken(session: Session, ada: Caller) -> None:
    ben, espresso = a_customer(session), a_product(session)
    an_order(session, ben, "1002")
    session.commit()
    numbers = [ada.post("/v1/orders", wish(ben.id, (espresso.id, 1))).json["number"] for _ in range(3)]
    assert numbers == ["1001", "1003", "1004"]


def test_what_is_not_there_is_not_sold_and_a_refused_order_leaves_nothing(session: Session, ada: Caller) -> None:
    ben, mug = a_customer(session), a_product(session, "MUG-01", "Pine mug")
    espresso = a_product(session, stock=3)
    session.commit()
    before = kinds(session)
    refused = ada.post("/v1/orders", wish(ben.id, (mug.id, 1), (espresso.id, 2), (espresso.id, 2)))

    assert (refused.status_code, refused.json["code"]) == (409, "order.out-of-stock")
    assert refused.json["errors"][0]["field"] == "lines.2.quantity"
    assert (stock(session), kinds(session)) == ((3, 0), before)
    assert ada.post("/v1/orders", wish(ben.id, (espresso.id, 3))).json["number"] == "1001"  # no hole in the numbers


def test_an_order_names_what_is_wrong_with_it(session: Session, ada: Caller) -> None:
    ben, espresso = a_customer(session), a_product(session)
    gone = a_product(session, "OLD-1", "Summer blend")
    gone.is_active = False
    unpriced = a_product(session, "NEW-1", "Winter blend")
    session.delete(session.scalars(select(PriceListItem).where(PriceListItem.product_id == unpriced.id)).one())
    abroad = PriceList(name="Euro", currency="EUR")
    session.add(abroad)
    session.flush()
    session.add(PriceListItem(price_list_id=abroad.id, product_id=unpriced.id, unit_price=1000))
    orphan = a_product(session, "NEW-2", "Spring blend")
    session.delete(session.scalars(select(PriceListItem).where(PriceListItem.product_id == orphan.id)).one())
    session.commit()
    codes = {
        "product.unknown": wish(ben.id, (espresso.id, 1), (gone.id, 1)),
        "order.mixed-currencies": wish(ben.id, (espresso.id, 1), (unpriced.id, 1)),
        "product.no-price": wish(ben.id, (espresso.id, 1), (orphan.id, 1)),
    }
    for code, body in codes.items():
        refused = ada.post("/v1/orders", body)
        assert (refused.json["code"], refused.json["errors"][0]["field"]) == (code, "lines.1.product_id")
    assert ada.post("/v1/orders", wish(UNKNOWN, (espresso.id, 1))).json["code"] == "contact.unknown"
    assert ada.post("/v1/orders", wish(ben.id)).status_code == 422
    for quantity in (0, -1, 10**7, 1.5, "2", True, None):
        body = wish(ben.id, (espresso.id, 1))
        body["lines"][0]["quantity"] = quantity
        assert ada.post("/v1/orders", body).status_code == 422


def test_the_same_key_places_one_order(session: Session, ada: Caller) -> None:
    ben, espresso = a_customer(session), a_product(session, stock=5)
    session.commit()
    body = wish(ben.id, (espresso.id, 2))
    first = ada.post("/v1/orders", body, **{"Idempotency-Key": "till-4-receipt-77"})
    again = ada.post("/v1/orders", body, **{"Idempotency-Key": "till-4-receipt-77"})
    assert (first.status_code, again.status_code, first.json) == (201, 201, again.json)
    assert stock(session) == (5, 2)


def test_an_order_goes_its_way_and_each_step_is_a_fact(session: Session, ada: Caller) -> None:
    ben, espresso = a_customer(session, phone="+447700900201"), a_product(session, stock=5)
    session.commit()
    order = ada.post("/v1/orders", wish(ben.id, (espresso.id, 2))).json
    path = f"/v1/orders/{order['id']}"
    before = len(kinds(session))

    assert ada.post(f"{path}/confirmation").json["status"] == "confirmed"
    shipment = ada.post(f"{path}/shipments", ROYAL_MAIL)
    assert (shipment.status_code, shipment.json["carrier"]) == (201, "Royal Mail")
    assert [item["id"] for item in ada.get(f"{path}/shipments").json["items"]] == [shipment.json["id"]]
    assert ada.get(path).json["expected_on"] == "2027-01-02"
    assert stock(session) == (3, 0)
    assert ada.post(f"{path}/delivery").json["status"] == "delivered"
    assert kinds(session)[before:] == ["order.confirmed", "order.shipped", "delivery.queued", "order.delivered"]
    assert session.scalars(select(StockMove.quantity)).all() == [-2]


def test_a_new_order_can_be_shipped_at_once_and_both_facts_are_logged(session: Session, ada: Caller) -> None:
    order = an_order(session, a_customer(session), status="new")
    session.commit()
    before = len(kinds(session))
    assert ada.post(f"/v1/orders/{order.id}/shipments", ROYAL_MAIL).status_code == 201
    assert kinds(session)[before:][:2] == ["order.confirmed", "order.shipped"]


def test_a_cancelled_order_gives_its_stock_back(session: Session, ada: Caller) -> None:
    ben, espresso = a_customer(session), a_product(session, stock=5)
    session.commit()
    order = ada.post("/v1/orders", wish(ben.id, (espresso.id, 2), (espresso.id, 1))).json
    assert stock(session) == (5, 3)
    cancelled = ada.post(f"/v1/orders/{order['id']}/cancellation", {"reason": "changed her mind"})
    assert (cancelled.status_code, cancelled.json["status"], stock(session)) == (201, "cancelled", (5, 0))


def test_a_step_that_is_not_legal_says_what_is(session: Session, ada: Caller) -> None:
    order = an_order(session, a_customer(session), status="delivered")
    session.commit()
    before = kinds(session)
    for step, body in (("confirmation", {}), ("shipments", ROYAL_MAIL), ("delivery", {}), ("cancellation", {})):
        refused = ada.post(f"/v1/orders/{order.id}/{step}", body)
        assert (refused.status_code, refused.json["code"]) == (409, "order.illegal-move")
        assert "It can be returned." in refused.json["detail"]
    assert kinds(session) == before


@pytest.mark.parametrize(
    ("addresses", "channel"),
    [
        ({"push": "token-of-ben", "telegram": 700201, "phone": "+447700900201"}, "push"),
        ({"telegram": 700201, "phone": "+447700900201"}, "telegram"),
        ({"phone": "+447700900201"}, "sms"),
    ],
)
def test_the_customer_is_told_once_on_the_best_channel(
    session: Session, ada: Caller, addresses: dict[str, Any], channel: str
) -> None:
    order = an_order(session, a_customer(session, **addresses), "1042")
    session.commit()
    ada.post(f"/v1/orders/{order.id}/shipments", ROYAL_MAIL)
    assert ada.post(f"/v1/orders/{order.id}/shipments", ROYAL_MAIL).json["code"] == "order.illegal-move"

    [delivery] = session.scalars(select(Delivery))
    assert (delivery.channel, delivery.state, delivery.purpose) == (channel, "queued", "service")
    assert delivery.text == "Order 1042 is on its way with Royal Mail, expected on 2 January."
    assert delivery.content["data"] == {"event": "order.shipped", "id": str(order.id)}


def test_orders_are_found_by_number_however_it_is_typed(session: Session, ada: Caller) -> None:
    ben, mei = a_customer(session), a_customer(session, "Mei Lin")
    an_order(session, ben, "1042")
    an_order(session, mei, "1043", status="shipped")
    session.commit()
    found = lambda **query: [item["number"] for item in ada.get("/v1/orders", **query).json["items"]]  # noqa: E731

    assert found() == ["1043", "1042"]
    assert found(number="#10 42") == found(number="1042") == found(contact_id=str(ben.id)) == ["1042"]
    assert found(status="shipped") == ["1043"]
    assert found(number="104") == found(number="#") == []
    assert ada.get("/v1/orders", status="lost").status_code == 422
    assert ada.get("/v1/orders", sort="total").status_code == 422
    first = ada.get("/v1/orders", limit=1).json
    second = ada.get("/v1/orders", limit=1, cursor=first["next_cursor"]).json
    assert [first["items"][0]["number"], second["items"][0]["number"], second["next_cursor"]] == ["1043", "1042", None]


def test_the_list_and_the_single_order_say_the_same(session: Session, ada: Caller) -> None:
    order = an_order(session, a_customer(session), "1042")
    session.commit()
    [listed] = ada.get("/v1/orders").json["items"]
    single = ada.get(f"/v1/orders/{order.id}")
    assert {**single.json, "lines": []} == {**listed, "lines": []}
    assert single.headers["ETag"] == f'"{order.rev}"'


def test_reps_reach_only_orders_of_their_territories(client: FlaskClient, session: Session) -> None:
    west, east = a_territory(session), a_territory(session, "East")
    mine = a_customer(session, territory_id=west.id)
    foreign = a_customer(session, "Mei Lin", territory_id=east.id)
    espresso = a_product(session)
    own, other = an_order(session, mine, "1042"), an_order(session, foreign, "1043")
    session.commit()
    sam = as_staff(client, Role.REP, [west], "Sam Doyle")
    before = kinds(session)

    assert [item["id"] for item in sam.get("/v1/orders").json["items"]] == [str(own.id)]
    assert sam.get("/v1/orders", number="1043").json["items"] == []
    assert sam.get("/v1/orders", contact_id=str(foreign.id)).json["items"] == []
    for tail in ("", "/shipments"):
        refused, unknown = sam.get(f"/v1/orders/{other.id}{tail}"), sam.get(f"/v1/orders/{UNKNOWN}{tail}")
        assert (refused.status_code, refused.json["code"]) == (unknown.status_code, unknown.json["code"])
        assert refused.status_code == 404
    for step, body in (("confirmation", {}), ("shipments", ROYAL_MAIL), ("delivery", {}), ("cancellation", {})):
        assert sam.post(f"/v1/orders/{other.id}/{step}", body).status_code == 404
    refused = sam.post("/v1/orders", wish(foreign.id, (espresso.id, 1)))
    assert (refused.status_code, refused.json["code"]) == (404, "contact.unknown")
    assert kinds(session) == before
    assert session.get_one(Order, other.id, populate_existing=True).status == "confirmed"


def test_customers_move_no_orders(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session)
    order = an_order(session, ben, "1042")
    session.commit()
    app = as_customer(client, ben)
    for step in ("confirmation", "shipments", "delivery", "cancellation"):
        assert app.post(f"/v1/orders/{order.id}/{step}").status_code == 403
    assert app.post("/v1/orders", {}).status_code == 403


def test_orders_are_narrowed_by_kind_account_and_time(client: FlaskClient, session: Session) -> None:
    ben, aisha = a_customer(session), a_customer(session, "Aisha Khan")
    march, april, june = (datetime(2026, month, 1, tzinfo=UTC) for month in (3, 4, 6))
    for number, whose, at in (("1", ben, march), ("2", ben, april), ("3", aisha, april), ("4", aisha, june)):
        an_order(session, whose, number).placed_at = at
    an_order(session, ben, "5").kind = "credit"
    session.commit()
    ada, app = as_staff(client, Role.ADMIN), as_customer(client, ben)

    def numbers(caller: Caller, path: str = "/v1/orders", **query: str) -> str:
        return "".join(item["number"] for item in caller.get(path, **query).json["items"])

    assert numbers(ada, kind="credit") == "5"
    assert numbers(ada, account_id=str(aisha.account_id)) == "43"
    assert numbers(ada, placed_from="2026-04-01T00:00:00Z", placed_until="2026-06-01T00:00:00Z") == "32"
    assert numbers(ada, placed_until="2026-04-01T00:00:00+01:00") == "1"
    assert numbers(app, "/v1/me/orders", placed_until="2026-05-01T00:00:00Z", kind="order") == "21"
    for odd in ({"placed_from": "yesterday"}, {"kind": "gift"}, {"total": "5"}):
        assert ada.get("/v1/orders", **odd).status_code == 422, odd
    assert app.get("/v1/me/orders", account_id=str(aisha.account_id)).status_code == 422
