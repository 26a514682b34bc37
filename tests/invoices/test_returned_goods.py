"""Goods that come back are credited once: by the credit order of their return, whose document is the credit note."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mcrm.actors import Role
from tests.callers import Caller, as_staff
from tests.cast import a_customer, a_product
from tests.tills import receive

MUGS, BACK, PRICE = 4, 1, 1900


@pytest.fixture
def ada(client: FlaskClient) -> Caller:
    return as_staff(client, Role.ADMIN)


@pytest.fixture
def order(session: Session, ada: Caller) -> dict[str, Any]:
    """Four mugs, invoiced and shipped to Ben, not paid."""
    rate = {"code": "standard", "name": "VAT", "basis_points": 2000, "valid_from": "2020-01-01T00:00:00Z"}
    ada.post("/v1/tax-rates", rate)
    ben, mug = a_customer(session), a_product(session, "HP-MUG", "Pine mug", price=PRICE)
    receive(session, mug.id, 10)
    mug.tax_code = "standard"
    session.commit()
    wanted = {"contact_id": str(ben.id), "lines": [{"product_id": str(mug.id), "quantity": MUGS}]}
    placed: dict[str, Any] = ada.post("/v1/orders", wanted).json
    ada.post(f"/v1/orders/{placed['id']}/shipments", {"carrier": "DPD"})
    return placed


@pytest.fixture
def invoice(ada: Caller, order: dict[str, Any]) -> dict[str, Any]:
    made: dict[str, Any] = ada.post(f"/v1/orders/{order['id']}/invoices").json
    return made


def asked_back(ada: Caller, order: dict[str, Any], pieces: int = BACK) -> str:
    line = {"line_id": order["lines"][0]["id"], "quantity": pieces}
    answer = ada.post(f"/v1/orders/{order['id']}/returns", {"lines": [line], "reason": "damaged"})
    return str(answer.json["id"])


def closed(ada: Caller, order: dict[str, Any], return_id: str, pieces: int = BACK) -> str:
    """The id of the credit order."""
    finding = {"line_id": order["lines"][0]["id"], "verdict": "scrap", "refundable_quantity": pieces}
    ada.post(f"/v1/returns/{return_id}/receipt")
    ada.post(f"/v1/returns/{return_id}/inspection", {"lines": [finding]})
    return str(ada.post(f"/v1/returns/{return_id}/closure").json["credit_order_id"])


def balances(ada: Caller) -> dict[str, int]:
    assert ada.get("/v1/ledger/reconciliation").json["in_balance"] is True
    return {item["account"]: item["balance"] for item in ada.get("/v1/ledger/balances").json["items"]}


@pytest.mark.parametrize("by", ["the return", "the credit order"])
def test_what_came_back_is_taken_off_once(ada: Caller, order: dict[str, Any], invoice: dict[str, Any], by: str) -> None:
    back = asked_back(ada, order)
    credit = closed(ada, order, back)
    paths = {
        "the return": f"/v1/invoices/{invoice['id']}/credit-notes",
        "the credit order": f"/v1/orders/{credit}/invoices",
    }
    bodies: dict[str, Any] = {"the return": {"return_id": back}, "the credit order": {}}
    note = ada.post(paths[by], bodies[by])
    assert note.status_code == 201, note.text
    assert [note.json[name] for name in ("total", "order_id", "credits_number", "return_id")] == [
        PRICE,
        credit,
        invoice["number"],
        back,
    ]
    for way, path in paths.items():
        again = ada.post(path, bodies[way])
        assert (again.status_code, again.json["code"]) == (409, "invoice.already-issued"), way
    owed = (MUGS - BACK) * PRICE
    assert balances(ada)["receivable"] == owed
    cash = {"method": "cash", "currency": "GBP"}
    path = f"/v1/orders/{order['id']}/payments"
    assert ada.post(path, cash | {"amount": owed + 1}).json["code"] == "payment.too-much"
    assert ada.post(path, cash | {"amount": owed}).status_code == 201
    assert ada.get(f"/v1/orders/{order['id']}").json["payment_status"] == "paid"
    assert balances(ada)["receivable"] == 0


def test_a_return_is_credited_by_closing_it_and_decides_how_much(
    ada: Caller, order: dict[str, Any], invoice: dict[str, Any]
) -> None:
    path, back = f"/v1/invoices/{invoice['id']}/credit-notes", asked_back(ada, order)
    early = ada.post(path, {"return_id": back})
    assert (early.status_code, early.json["code"]) == (409, "credit-note.return-not-credited")
    for facts in ({"amount": 5}, {"lines": [{"line_number": 1, "quantity": 1}]}):
        refused = ada.post(path, {"return_id": back, **facts})
        assert (refused.status_code, refused.json["code"]) == (422, "credit-note.return-decides")
    closed(ada, order, back, pieces=0)
    assert ada.post(path, {"return_id": back}).json["code"] == "credit-note.return-not-credited"


def test_what_a_return_credited_is_not_left_to_credit_again(
    ada: Caller, order: dict[str, Any], invoice: dict[str, Any]
) -> None:
    closed(ada, order, asked_back(ada, order))
    path = f"/v1/invoices/{invoice['id']}/credit-notes"
    left = MUGS - BACK
    for facts in ({"amount": left * PRICE + 1}, {"lines": [{"line_number": 1, "quantity": left + 1}]}):
        assert ada.post(path, facts).json["code"] == "credit-note.too-much", facts
    assert ada.post(path, {"lines": [{"line_number": 1, "quantity": 1}]}).json["total"] == PRICE
    assert ada.post(path, {}).json["total"] == (left - 1) * PRICE
    assert ada.post(path, {}).json["code"] == "credit-note.too-much"
