"""Returns: goods come back for a reason, are looked at, and become a credit; never more than was shipped."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import SYSTEM, Role
from mcrm.db import Database
from mcrm.errors import DomainError
from mcrm.interactions.models import Interaction
from mcrm.orders import moving, placing
from mcrm.orders import service as orders
from mcrm.orders.lines import Pieces
from mcrm.orders.placing import Wanted
from mcrm.returns import service, states
from mcrm.returns.errors import IllegalReturnMove
from mcrm.returns.models import ReturnReason, ReturnState
from mcrm.returns.states import ReturnMove
from mcrm.stock.models import StockItem, StockMove
from mcrm.transaction import perform, transaction
from tests.callers import Caller, as_staff
from tests.cast import a_customer, a_product

LEGAL = {
    ("requested", "receive"): "received",
    ("requested", "withdraw"): "withdrawn",
    ("received", "inspect"): "inspected",
    ("inspected", "close"): "closed",
}


@pytest.fixture
def ada(client: FlaskClient) -> Caller:
    return as_staff(client, Role.ADMIN)


@pytest.fixture
def order(session: Session, ada: Caller) -> dict[str, Any]:
    """Three of ten espressos, shipped to Ben."""
    ben, espresso = a_customer(session), a_product(session, price=950, stock=10)
    session.commit()
    wanted = {"contact_id": str(ben.id), "lines": [{"product_id": str(espresso.id), "quantity": 3}]}
    placed: dict[str, Any] = ada.post("/v1/orders", wanted).json
    ada.post(f"/v1/orders/{placed['id']}/shipments", {"carrier": "DPD"})
    return placed


def back(ada: Caller, order: dict[str, Any], quantity: int) -> Any:
    line = {"line_id": order["lines"][0]["id"], "quantity": quantity}
    return ada.post(f"/v1/orders/{order['id']}/returns", {"lines": [line], "reason": "damaged"})


def through(ada: Caller, order: dict[str, Any], return_id: str, verdict: str, refunded: int) -> Any:
    """Received, inspected with this verdict, closed."""
    finding = {"line_id": order["lines"][0]["id"], "verdict": verdict, "refundable_quantity": refunded}
    path = f"/v1/returns/{return_id}"
    assert ada.post(f"{path}/receipt").json["state"] == "received"
    assert ada.post(f"{path}/inspection", {"lines": [finding]}).json["state"] == "inspected"
    return ada.post(f"{path}/closure").json


def stock(session: Session) -> tuple[int, int]:
    session.expire_all()
    item = session.scalars(select(StockItem)).one()
    return item.on_hand, item.reserved


def test_what_comes_back_whole_is_sold_again_and_credited(session: Session, ada: Caller, order: dict[str, Any]) -> None:
    made = back(ada, order, 2)
    assert (made.status_code, made.json["state"], made.json["reason"]) == (201, "requested", "damaged")
    closed = through(ada, order, made.json["id"], "restock", 2)
    credit = ada.get(f"/v1/orders/{closed['credit_order_id']}").json
    assert (credit["kind"], credit["total"], credit["reference"]) == ("credit", -1900, order["number"])
    assert [(line["quantity"], line["total"]) for line in credit["lines"]] == [(-2, -1900)]
    assert stock(session) == (9, 0)
    assert ada.get(f"/v1/orders/{order['id']}").json["status"] == "shipped"
    kinds = list(session.scalars(select(Interaction.kind).order_by(Interaction.position)))
    assert kinds[-5:] == ["return.requested", "return.received", "return.inspected", "credit.made", "return.closed"]


def test_what_comes_back_broken_is_scrapped_and_both_movements_are_kept(
    session: Session, ada: Caller, order: dict[str, Any]
) -> None:
    closed = through(ada, order, back(ada, order, 2).json["id"], "scrap", 1)
    assert ada.get(f"/v1/orders/{closed['credit_order_id']}").json["total"] == -950
    assert stock(session) == (7, 0)
    moves = session.execute(select(StockMove.kind, StockMove.quantity).order_by(StockMove.id)).all()
    assert [tuple(move) for move in moves] == [("shipment", -3), ("return", 2), ("scrap", -2)]


def test_an_order_is_returned_when_all_of_it_came_back(ada: Caller, order: dict[str, Any]) -> None:
    for quantity in (2, 1):
        through(ada, order, back(ada, order, quantity).json["id"], "restock", quantity)
    assert ada.get(f"/v1/orders/{order['id']}").json["status"] == "returned"
    items = ada.get("/v1/returns", order_id=order["id"], state="closed").json["items"]
    assert len(items) == 2


def test_nothing_refundable_makes_no_credit(ada: Caller, order: dict[str, Any]) -> None:
    closed = through(ada, order, back(ada, order, 1).json["id"], "scrap", 0)
    assert closed["credit_order_id"] is None


def test_no_more_comes_back_than_was_shipped(ada: Caller, order: dict[str, Any]) -> None:
    first = back(ada, order, 2).json["id"]
    refused = back(ada, order, 2)
    assert (refused.status_code, refused.json["code"]) == (409, "return.more-than-shipped")
    assert refused.json["errors"][0]["field"] == "lines.0.quantity"
    assert ada.post(f"/v1/returns/{first}/withdrawal").json["state"] == "withdrawn"
    assert back(ada, order, 3).status_code == 201


def test_an_inspection_says_something_of_every_line_once(ada: Caller, order: dict[str, Any]) -> None:
    made = back(ada, order, 2).json
    path, line = f"/v1/returns/{made['id']}", order["lines"][0]["id"]
    finding = {"line_id": line, "verdict": "restock", "refundable_quantity": 2}
    assert ada.post(f"{path}/inspection", {"lines": [finding]}).json["code"] == "return.illegal-move"
    ada.post(f"{path}/receipt")
    other = finding | {"line_id": made["id"]}
    for lines in ([other], [finding, finding], [finding, other]):
        assert ada.post(f"{path}/inspection", {"lines": lines}).json["code"] == "return.inspection-incomplete"
    more = ada.post(f"{path}/inspection", {"lines": [finding | {"refundable_quantity": 3}]})
    assert (more.status_code, more.json["code"]) == (422, "return.more-than-returned")
    assert ada.get(path).json["state"] == "received"


def test_nothing_comes_back_of_an_order_that_has_not_left(session: Session, ada: Caller, order: dict[str, Any]) -> None:
    wanted = {
        "contact_id": order["contact_id"],
        "lines": [{"product_id": order["lines"][0]["product_id"], "quantity": 1}],
    }
    waiting = ada.post("/v1/orders", wanted).json
    assert back(ada, waiting, 1).json["code"] == "return.nothing-shipped"


@pytest.mark.parametrize("state", ReturnState)
@pytest.mark.parametrize("move", ReturnMove)
def test_no_step_of_a_return_is_legal_but_the_written_ones(state: ReturnState, move: ReturnMove) -> None:
    expected = LEGAL.get((state.value, move.value))
    try:
        assert states.after(state.value, move).value == expected
    except IllegalReturnMove:
        assert expected is None


def test_two_who_return_the_same_goods_at_once_return_them_once(committed: Database) -> None:
    with transaction() as session:
        ben, beans = a_customer(session), a_product(session, stock=5)
        made = placing.place(session, SYSTEM, contact_id=ben.id, lines=[Wanted(beans.id, 2)])
        moving.ship(session, SYSTEM, order_id=made.id, carrier="DPD")
        lines = [Pieces(orders.lines_of(session, [made.id])[made.id][0].id, 2)]
    together = threading.Barrier(4)

    def ask(_: int) -> str:
        together.wait(timeout=20)
        facts = {"order_id": made.id, "lines": lines, "reason": ReturnReason.OTHER}
        try:
            perform(lambda session: service.request(session, SYSTEM, **facts))
        except DomainError as error:
            return error.code
        return "asked"

    with ThreadPoolExecutor(4) as pool:
        assert Counter(pool.map(ask, range(4))) == {"asked": 1, "return.more-than-shipped": 3}


def test_an_order_shows_its_returns_oldest_first(ada: Caller, order: dict[str, Any]) -> None:
    made = [back(ada, order, quantity).json for quantity in (1, 2)]
    assert ada.get(f"/v1/orders/{order['id']}/returns").json == {"items": made, "next_cursor": None}
