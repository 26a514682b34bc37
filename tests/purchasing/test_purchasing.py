"""What runs low asks to be bought, once, and is on hand when it came."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.interactions.models import Interaction
from mcrm.purchasing import service
from mcrm.purchasing.errors import IllegalRequestMove
from mcrm.purchasing.service import RequestMove
from mcrm.stock.models import RequestState, StockItem, StockMove
from mcrm.stock.reordering import shortfall
from tests.callers import Caller, as_staff
from tests.cast import a_customer, a_product

LEGAL = {
    ("open", "order"): "ordered",
    ("open", "cancel"): "cancelled",
    ("ordered", "receive"): "received",
    ("ordered", "cancel"): "cancelled",
}


@pytest.fixture
def ada(client: FlaskClient) -> Caller:
    return as_staff(client, Role.ADMIN)


@pytest.fixture
def order(session: Session, ada: Caller) -> dict[str, Any]:
    """An order of one of ten espressos, which are bought anew below eight, twenty at a time."""
    ben, espresso = a_customer(session), a_product(session, stock=10)
    session.commit()
    item = session.scalars(select(StockItem.id)).one()
    changed = ada.patch(f"/v1/stock-items/{item}", {"reorder_point": 8, "reorder_quantity": 20})
    assert (changed.status_code, changed.json["reorder_point"], changed.json["available"]) == (200, 8, 10)
    return {"contact_id": str(ben.id), "lines": [{"product_id": str(espresso.id), "quantity": 1}]}


def requests(ada: Caller, **query: str) -> list[dict[str, Any]]:
    return list(ada.get("/v1/purchase-requests", **query).json["items"])


def test_what_runs_low_asks_to_be_bought_once(session: Session, ada: Caller, order: dict[str, Any]) -> None:
    for placed in range(1, 5):
        assert ada.post("/v1/orders", order).status_code == 201
        assert len(requests(ada, state="open")) == (1 if placed > 2 else 0)
    [asked] = requests(ada)
    assert asked["quantity"] == 20
    path = f"/v1/purchase-requests/{asked['id']}"
    assert ada.post(f"{path}/receipt").json["code"] == "purchase-request.illegal-move"
    assert ada.post(f"{path}/order", {"reference": "PO-77"}).json["reference"] == "PO-77"
    received = ada.post(f"{path}/receipt", {"quantity": 18}).json
    assert (received["state"], received["received_quantity"]) == ("received", 18)
    [item] = ada.get("/v1/stock-items").json["items"]
    assert (item["on_hand"], item["reserved"], item["available"]) == (28, 4, 24)
    session.expire_all()
    assert session.execute(select(StockMove.kind, StockMove.quantity)).one() == ("receipt", 18)
    assert [kind for kind in session.scalars(select(Interaction.kind)) if kind.startswith("purchase.")] == [
        "purchase.requested",
        "purchase.ordered",
        "purchase.received",
    ]


def test_a_cancelled_request_is_made_again_when_more_is_taken(ada: Caller, order: dict[str, Any]) -> None:
    for _ in range(3):
        ada.post("/v1/orders", order)
    [asked] = requests(ada)
    by_hand = {"stock_item_id": asked["stock_item_id"], "quantity": 5}
    assert ada.post("/v1/purchase-requests", by_hand).json["code"] == "purchase-request.under-way"
    assert ada.post(f"/v1/purchase-requests/{asked['id']}/cancellation").json["state"] == "cancelled"
    ada.post("/v1/orders", order)
    assert [found["state"] for found in requests(ada)] == ["open", "cancelled"]


def test_a_reorder_point_above_what_is_there_asks_at_once(ada: Caller, order: dict[str, Any]) -> None:
    [item] = ada.get("/v1/stock-items").json["items"]
    ada.patch(f"/v1/stock-items/{item['id']}", {"reorder_point": 11, "reorder_quantity": None})
    assert [found["quantity"] for found in requests(ada)] == [1]


def test_how_much_is_missing() -> None:
    assert [shortfall(9, None, 20), shortfall(8, 8, 20), shortfall(7, 8, 20), shortfall(5, 8, None)] == [0, 0, 20, 3]


@pytest.mark.parametrize("state", RequestState)
@pytest.mark.parametrize("move", RequestMove)
def test_no_step_of_a_request_is_legal_but_the_written_ones(state: RequestState, move: RequestMove) -> None:
    expected = LEGAL.get((state.value, move.value))
    try:
        assert service.after(state.value, move).value == expected
    except IllegalRequestMove:
        assert expected is None


def test_only_keepers_buy(client: FlaskClient, ada: Caller, order: dict[str, Any]) -> None:
    kofi = as_staff(client, Role.AGENT)
    assert kofi.get("/v1/purchase-requests").status_code == 200
    [item] = ada.get("/v1/stock-items").json["items"]
    body = {"stock_item_id": item["id"], "quantity": 5}
    assert kofi.post("/v1/purchase-requests", body).status_code == 403
