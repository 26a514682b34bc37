"""Returns are credited once, whichever paper says so, and what was invoiced stays what the order costs at most."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.orders.models import Order
from tests.callers import Caller, as_staff
from tests.cast import a_customer, a_product
from tests.tills import a_sale, pay


@pytest.fixture
def ada(client: FlaskClient) -> Caller:
    return as_staff(client, Role.ADMIN)


@pytest.fixture
def order(session: Session) -> Order:
    """Two pieces at 10 pounds."""
    made = a_sale(session, a_customer(session), (a_product(session, price=1000).id, 2))
    session.commit()
    return made


def taken_back(ada: Caller, order: Order) -> dict[str, Any]:
    """All is shipped, one piece comes back: the closed return."""
    path, line = f"/v1/orders/{order.id}", ada.get(f"/v1/orders/{order.id}").json["lines"][0]["id"]
    ada.post(f"{path}/shipments", {"carrier": "DPD"})
    back = ada.post(f"{path}/returns", {"lines": [{"line_id": line, "quantity": 1}], "reason": "damaged"}).json
    ada.post(f"/v1/returns/{back['id']}/receipt")
    finding = {"line_id": line, "verdict": "scrap", "refundable_quantity": 1}
    ada.post(f"/v1/returns/{back['id']}/inspection", {"lines": [finding]})
    closed: dict[str, Any] = ada.post(f"/v1/returns/{back['id']}/closure").json
    return closed


def balance(ada: Caller, account: str) -> int:
    items = ada.get("/v1/ledger/balances").json["items"]
    return sum(int(item["balance"]) for item in items if item["account"] == account)


def test_a_return_that_the_invoice_credits_is_not_taken_off_twice(ada: Caller, order: Order) -> None:
    invoice = ada.post(f"/v1/orders/{order.id}/invoices").json
    back = taken_back(ada, order)
    taken = {"lines": [{"line_number": 1, "quantity": 1}], "return_id": back["id"]}
    assert ada.post(f"/v1/invoices/{invoice['id']}/credit-notes", taken).status_code == 201
    assert pay(ada, order, 1001).json["code"] == "payment.too-much"
    assert pay(ada, order, 1000).status_code == 201
    assert ada.get(f"/v1/orders/{order.id}").json["payment_status"] == "paid"
    assert balance(ada, "receivable") == 0


def test_notes_on_an_invoice_and_on_its_credit_orders_never_exceed_it(ada: Caller, order: Order) -> None:
    invoice = ada.post(f"/v1/orders/{order.id}/invoices").json
    credit_order = taken_back(ada, order)["credit_order_id"]
    assert ada.post(f"/v1/orders/{credit_order}/invoices").status_code == 201
    refused = ada.post(f"/v1/invoices/{invoice['id']}/credit-notes", {"amount": 1001})
    assert (refused.status_code, refused.json["code"]) == (409, "credit-note.too-much")
    rest = ada.post(f"/v1/invoices/{invoice['id']}/credit-notes")
    assert (rest.status_code, rest.json["total"]) == (201, 1000)
    assert balance(ada, "receivable") == 0


def test_a_credit_order_gets_no_note_for_what_its_invoice_has_credited(ada: Caller, order: Order) -> None:
    invoice = ada.post(f"/v1/orders/{order.id}/invoices").json
    credit_order = taken_back(ada, order)["credit_order_id"]
    assert ada.post(f"/v1/invoices/{invoice['id']}/credit-notes", {"amount": 1500}).status_code == 201
    refused = ada.post(f"/v1/orders/{credit_order}/invoices")
    assert (refused.status_code, refused.json["code"]) == (409, "credit-note.too-much")


def test_nothing_is_added_to_an_order_that_was_invoiced(ada: Caller, order: Order) -> None:
    path = f"/v1/orders/{order.id}/lines"
    line = ada.get(path).json["lines"][0]["id"]
    ada.post(f"/v1/orders/{order.id}/invoices")
    pay(ada, order, 2000)
    more = ada.patch(path, {"lines": [{"line_id": line, "quantity": 100}]})
    assert (more.status_code, more.json["code"]) == (409, "order.beyond-invoice")
    assert ada.get(path).json["total"] == 2000
    for quantity in (1, 2):
        assert ada.patch(path, {"lines": [{"line_id": line, "quantity": quantity}]}).status_code == 200


def test_a_payment_is_not_born_let_go(ada: Caller, order: Order) -> None:
    answer = pay(ada, order, 100, "card", external_reference="ch_3P9x", state="voided")
    assert (answer.status_code, answer.json["errors"][0]["field"]) == (422, "state")
