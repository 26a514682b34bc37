"""Orders in parts: shipped, cancelled and changed line by line, each while it may be."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import SYSTEM, Role
from mcrm.config import Limits
from mcrm.deliveries.models import Delivery
from mcrm.interactions.models import Interaction
from mcrm.orders.models import Order
from mcrm.settings_store import service as settings_store
from mcrm.settings_store.catalogue import ORDER_HOLD_HOURS
from mcrm.stock.models import StockItem
from mcrm.transaction import perform, transaction
from mcrm.worker import engines
from tests.callers import Caller, as_staff
from tests.cast import a_customer, a_product, a_territory

UNKNOWN = "01890000-0000-7000-8000-000000000000"


@pytest.fixture
def ada(client: FlaskClient) -> Caller:
    return as_staff(client, Role.ADMIN)


@pytest.fixture
def order(session: Session, ada: Caller) -> dict[str, Any]:
    """Ben's order of four espressos and two mugs, of ten and ten in stock."""
    ben = a_customer(session, phone="+447700900201")
    espresso = a_product(session, "ESP-250", "Harbour Espresso 250 g", price=950, stock=10)
    mug = a_product(session, "MUG-01", "Pine mug", price=1400, stock=10)
    session.commit()
    lines = [{"product_id": str(espresso.id), "quantity": 4}, {"product_id": str(mug.id), "quantity": 2}]
    placed: dict[str, Any] = ada.post("/v1/orders", {"contact_id": str(ben.id), "lines": lines}).json
    return placed


def stock(session: Session) -> list[tuple[int, int]]:
    """(on hand, reserved) of espressos and mugs."""
    session.expire_all()
    return [(item.on_hand, item.reserved) for item in session.scalars(select(StockItem).order_by(StockItem.id))]


def kinds(session: Session) -> list[str]:
    session.expire_all()
    return list(session.scalars(select(Interaction.kind).order_by(Interaction.position)))


def pieces(order: dict[str, Any], *quantities: int) -> list[dict[str, Any]]:
    """So many of the first line, so many of the second; 0 leaves a line out."""
    pairs = zip(order["lines"], quantities, strict=False)
    return [{"line_id": line["id"], "quantity": quantity} for line, quantity in pairs if quantity]


def test_an_order_ships_in_parts_and_is_shipped_when_nothing_is_left(
    session: Session, ada: Caller, order: dict[str, Any]
) -> None:
    path = f"/v1/orders/{order['id']}"
    first = ada.post(f"{path}/shipments", {"carrier": "DPD", "lines": pieces(order, 3), "expected_on": "2027-01-04"})
    assert (first.status_code, first.json["lines"]) == (201, pieces(order, 3))
    shown = ada.get(path).json
    assert (shown["status"], [line["shipped_quantity"] for line in shown["lines"]]) == ("confirmed", [3, 0])
    assert stock(session) == [(7, 1), (10, 2)]

    rest = ada.post(f"{path}/shipments", {"carrier": "DPD", "expected_on": "2027-01-03"}).json
    assert rest["lines"] == pieces(order, 1, 2)
    shown = ada.get(path).json
    assert (shown["status"], shown["expected_on"]) == ("shipped", "2027-01-04")
    assert stock(session) == [(6, 0), (8, 0)]
    texts = list(session.scalars(select(Delivery.text).order_by(Delivery.id)))
    assert texts == [
        "A part of order 1001 is on its way with DPD, expected on 4 January.",
        "A part of order 1001 is on its way with DPD, expected on 3 January.",
    ]
    told = [kind for kind in kinds(session) if kind.startswith("order.")]
    assert told == ["order.placed", "order.confirmed", "order.part-shipped", "order.shipped"]


def test_an_order_is_delivered_with_its_last_shipment(ada: Caller, order: dict[str, Any]) -> None:
    path = f"/v1/orders/{order['id']}"
    first = ada.post(f"{path}/shipments", {"carrier": "DPD", "lines": pieces(order, 3)}).json["id"]
    assert ada.post(f"{path}/shipments/{first}/delivery").json["delivered_at"] is not None
    again = ada.post(f"{path}/shipments/{first}/delivery")
    assert (again.status_code, again.json["code"]) == (409, "shipment.already-delivered")
    assert ada.get(path).json["status"] == "confirmed"
    second = ada.post(f"{path}/shipments", {"carrier": "DPD"}).json["id"]
    assert ada.get(path).json["status"] == "shipped"
    ada.post(f"{path}/shipments/{second}/delivery")
    assert ada.get(path).json["status"] == "delivered"
    assert ada.post(f"{path}/shipments/{UNKNOWN}/delivery").json["code"] == "shipment.unknown"


def test_no_more_leaves_than_was_ordered(session: Session, ada: Caller, order: dict[str, Any]) -> None:
    path, before = f"/v1/orders/{order['id']}/shipments", (stock(session), kinds(session))
    wrong = {
        "order.more-than-open": pieces(order, 5),
        "order.line-twice": pieces(order, 1) * 2,
        "order.line-unknown": [{"line_id": UNKNOWN, "quantity": 1}],
    }
    for code, lines in wrong.items():
        refused = ada.post(path, {"carrier": "DPD", "lines": lines}).json
        assert (refused["code"], refused["errors"][0]["field"].split(".")[0]) == (code, "lines")
    for lines in ([], [{"line_id": UNKNOWN}], [{"line_id": order["lines"][0]["id"], "quantity": 0}]):
        assert ada.post(path, {"carrier": "DPD", "lines": lines}).status_code == 422
    assert (stock(session), kinds(session)) == before


def test_cancelling_what_is_left_of_a_line_gives_its_stock_and_its_price_back(
    session: Session, ada: Caller, order: dict[str, Any]
) -> None:
    path = f"/v1/orders/{order['id']}"
    cancelled = ada.post(f"{path}/cancellation", {"reason": "one is enough", "lines": pieces(order, 1)}).json
    assert (cancelled["status"], cancelled["total"]) == ("new", 3 * 950 + 2 * 1400)
    assert [line["cancelled_quantity"] for line in cancelled["lines"]] == [1, 0]
    assert stock(session) == [(10, 3), (10, 2)]

    ada.post(f"{path}/shipments", {"carrier": "DPD", "lines": pieces(order, 3, 1)})
    whole = ada.post(f"{path}/cancellation")
    assert (whole.status_code, whole.json["code"]) == (409, "order.partly-shipped")
    last = ada.post(f"{path}/cancellation", {"lines": pieces(order, 0, 1)}).json
    assert (last["status"], last["total"]) == ("shipped", 3 * 950 + 1400)
    assert stock(session) == [(7, 0), (9, 0)]


def test_cancelling_every_piece_cancels_the_order(session: Session, ada: Caller, order: dict[str, Any]) -> None:
    gone = ada.post(f"/v1/orders/{order['id']}/cancellation", {"lines": pieces(order, 4, 2)}).json
    assert (gone["status"], stock(session)) == ("cancelled", [(10, 0), (10, 0)])


def test_lines_are_added_changed_and_dropped_while_nothing_has_left(
    session: Session, ada: Caller, order: dict[str, Any]
) -> None:
    pot = a_product(session, "POT-01", "Stone pot", price=3000, stock=2)
    session.commit()
    path, (espresso, mug) = f"/v1/orders/{order['id']}/lines", order["lines"]
    wishes = [
        {"line_id": espresso["id"], "quantity": 6},
        {"line_id": mug["id"], "quantity": 0},
        {"product_id": str(pot.id), "quantity": 2},
    ]
    changed = ada.patch(path, {"lines": wishes})
    assert (changed.status_code, changed.json["total"]) == (200, 6 * 950 + 2 * 3000)
    assert [(line["quantity"], line["cancelled_quantity"]) for line in changed.json["lines"]] == [
        (6, 0),
        (2, 2),
        (2, 0),
    ]
    assert stock(session) == [(10, 6), (10, 0), (2, 2)]
    assert kinds(session)[-1] == "order.changed"
    assert changed.headers["ETag"] != f'"{order["rev"]}"'
    assert ada.patch(path, {"lines": wishes}, tag=f'"{order["rev"]}"').status_code == 412
    assert ada.client.patch(path, json={"lines": wishes}, headers=ada.headers).status_code == 428

    ada.post(f"/v1/orders/{order['id']}/shipments", {"carrier": "DPD", "lines": pieces(order, 1)})
    late = ada.patch(path, {"lines": [{"line_id": espresso["id"], "quantity": 5}]})
    assert (late.status_code, late.json["code"]) == (409, "order.partly-shipped")


def test_a_change_that_cannot_be_made_changes_nothing(session: Session, ada: Caller, order: dict[str, Any]) -> None:
    path, (espresso, mug) = f"/v1/orders/{order['id']}/lines", order["lines"]
    before = (stock(session), kinds(session))
    drop = [{"line_id": line["id"], "quantity": 0} for line in order["lines"]]
    wrong = {
        "order.out-of-stock": (
            409,
            [{"line_id": mug["id"], "quantity": 1}, {"line_id": espresso["id"], "quantity": 11}],
        ),
        "order.line-twice": (422, [{"line_id": mug["id"], "quantity": 1}] * 2),
        "order.line-unknown": (404, [{"line_id": UNKNOWN, "quantity": 1}]),
        "product.unknown": (404, [{"line_id": mug["id"], "quantity": 1}, {"product_id": UNKNOWN, "quantity": 1}]),
        "order.empty": (422, drop),
    }
    for code, (status, lines) in wrong.items():
        refused = ada.patch(path, {"lines": lines})
        assert (refused.status_code, refused.json["code"]) == (status, code)
        if code in {"order.out-of-stock", "product.unknown"}:
            assert refused.json["errors"][0]["field"].startswith("lines.1.")
    for lines in ([], [{"quantity": 1}], [{"line_id": UNKNOWN, "product_id": UNKNOWN, "quantity": 1}]):
        assert ada.patch(path, {"lines": lines}).status_code == 422
    assert (stock(session), kinds(session)) == before


def hold_hours(hours: int) -> None:
    with transaction() as work:
        settings_store.put(work, SYSTEM, ORDER_HOLD_HOURS.name, hours)
    settings_store.forget()


def test_an_order_that_nobody_confirms_in_time_gives_its_stock_back(
    session: Session, ada: Caller, order: dict[str, Any]
) -> None:
    [usual] = [engine.step for engine in engines(Limits()) if engine.name == "orders-unconfirmed"]
    [step] = [engine.step for engine in engines(Limits(), order_hold_hours=24) if engine.name == "orders-unconfirmed"]
    assert perform(step) is False
    session.expire_all()
    session.scalars(select(Order)).one().placed_at = clock.now() - timedelta(hours=25)
    session.commit()
    assert perform(usual) is False, "the hold is off unless it is set"
    hold_hours(0)
    assert perform(step) is False, "the run-time setting wins over the environment's"
    hold_hours(24)
    assert (perform(usual), perform(usual)) == (True, False)
    shown = ada.get(f"/v1/orders/{order['id']}").json
    assert (shown["status"], stock(session)) == ("cancelled", [(10, 0), (10, 0)])
    assert session.scalar(select(func.count()).where(Interaction.kind == "order.cancelled")) == 1


def test_what_was_confirmed_in_time_stays(session: Session, ada: Caller, order: dict[str, Any]) -> None:
    ada.post(f"/v1/orders/{order['id']}/confirmation")
    session.expire_all()
    session.scalars(select(Order)).one().placed_at = clock.now() - timedelta(days=400)
    session.commit()
    [step] = [engine.step for engine in engines(Limits(), order_hold_hours=1) if engine.name == "orders-unconfirmed"]
    assert perform(step) is False


def test_parts_of_an_order_outside_the_reps_territory_do_not_exist(
    session: Session, client: FlaskClient, order: dict[str, Any]
) -> None:
    sam, path = as_staff(client, Role.REP, [a_territory(session)]), f"/v1/orders/{order['id']}"
    session.commit()
    before = kinds(session)
    assert sam.get(f"{path}/lines").status_code == 404
    wishes = {"lines": pieces(order, 1)}
    assert sam.patch(f"{path}/lines", wishes, tag=f'"{order["rev"]}"').status_code == 404
    assert sam.post(f"{path}/shipments", {"carrier": "DPD", **wishes}).status_code == 404
    assert sam.post(f"{path}/returns", {"reason": "damaged", **wishes}).status_code == 404
    assert sam.post(f"{path}/tracking-link").status_code == 404
    assert kinds(session) == before
