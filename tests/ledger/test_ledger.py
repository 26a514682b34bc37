"""The books over HTTP: every event adds up to zero, balances at any time, a file for the accountant, differences."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.accounting import exporting
from mcrm.accounting.exporting import safe_cell
from mcrm.actors import Role
from mcrm.contacts.models import Contact
from mcrm.db import looking
from mcrm.ids import new_id
from mcrm.ledger import posting
from mcrm.ledger.models import Cause, LedgerAccount
from mcrm.ledger.posting import Unbalanced
from mcrm.orders.models import Order
from mcrm.payments.models import Payment
from tests import doors
from tests.callers import Caller, as_staff
from tests.cast import a_customer, a_product
from tests.tills import a_bare_order, a_credit_order, a_sale, pay, refund

IN_BALANCE = {"in_balance": True, "differences": []}


@pytest.fixture
def ada(client: FlaskClient) -> Caller:
    return as_staff(client, Role.ADMIN)


@pytest.fixture
def ben(session: Session) -> Contact:
    return a_customer(session)


@pytest.fixture
def order(session: Session, ben: Contact) -> Order:
    espresso = a_product(session, price=1000)
    made = a_sale(session, ben, (espresso.id, 5))
    session.commit()
    return made


def entries(caller: Caller, **query: Any) -> list[tuple[str, dict[str, int]]]:
    """Cause and amounts by account, oldest first."""
    items = reversed(caller.get("/v1/ledger/entries", **query).json["items"])
    return [(item["cause"], {one["account"]: one["amount"] for one in item["postings"]}) for item in items]


def balances(caller: Caller, **query: Any) -> dict[str, int]:
    return {item["account"]: item["balance"] for item in caller.get("/v1/ledger/balances", **query).json["items"]}


def test_an_order_from_invoice_to_refund_is_booked_step_by_step(ada: Caller, order: Order) -> None:
    invoice = ada.post(f"/v1/orders/{order.id}/invoices").json
    promised = pay(ada, order, 3000, "card", state="authorised", external_reference="ch_1").json
    ada.post(f"/v1/payments/{promised['id']}/capture")
    pay(ada, order, 1500, "transfer", external_reference="T-1")
    pay(ada, order, 500)
    refund(ada, order, 1000)
    ada.post(f"/v1/invoices/{invoice['id']}/credit-notes", {"lines": [{"line_number": 1, "quantity": 1}]})
    assert entries(ada) == [
        ("invoice", {"receivable": 5000, "revenue": -5000}),
        ("payment", {"card-clearing": 3000, "receivable": -3000}),
        ("payment", {"bank": 1500, "receivable": -1500}),
        ("payment", {"cash": 500, "receivable": -500}),
        ("refund", {"cash": -1000, "receivable": 1000}),
        ("credit_note", {"receivable": -1000, "refunds": 1000}),
    ]
    assert balances(ada) == {
        "bank": 1500,
        "card-clearing": 3000,
        "cash": -500,
        "receivable": 0,
        "refunds": 1000,
        "revenue": -5000,
    }
    assert ada.get("/v1/ledger/reconciliation").json == IN_BALANCE


def test_a_credit_order_is_booked_the_other_way(session: Session, ada: Caller, ben: Contact) -> None:
    credit = a_credit_order(session, ben, total=900)
    session.commit()
    ada.post(f"/v1/orders/{credit.id}/invoices")
    assert balances(ada) == {"receivable": -900, "refunds": 900}
    refund(ada, credit, 900, "transfer", external_reference="T-1")
    assert balances(ada) == {"bank": -900, "receivable": 0, "refunds": 900}
    assert ada.get("/v1/ledger/reconciliation").json == IN_BALANCE


def test_a_promise_and_its_end_are_not_booked(ada: Caller, order: Order) -> None:
    promised = pay(ada, order, 5000, "card", state="authorised", external_reference="ch_1").json
    ada.post(f"/v1/payments/{promised['id']}/void")
    assert entries(ada) == []


def test_balances_and_entries_are_those_of_the_instant_asked_for(
    session: Session, ada: Caller, ben: Contact, order: Order
) -> None:
    before = clock.now()
    pay(ada, order, 500)
    today = before.astimezone(doors.settings().timezone).date()
    assert balances(ada, at=(before - timedelta(seconds=1)).isoformat().replace("+00:00", "Z")) == {}
    assert balances(ada) == {"cash": 500, "receivable": -500}
    assert len(entries(ada, **{"from": today - timedelta(days=1), "until": today + timedelta(days=1)})) == 1
    assert entries(ada, until=today - timedelta(days=2)) == []
    assert entries(ada, cause="refund") == []
    assert len(entries(ada, cause="payment", order_id=order.id)) == 1


def test_an_entry_that_does_not_add_up_is_never_written(session: Session, order: Order) -> None:
    with pytest.raises(Unbalanced):
        posting.post(
            session,
            Cause.PAYMENT,
            subject_id=new_id(),
            order_id=order.id,
            currency="GBP",
            amounts={LedgerAccount.CASH: 500, LedgerAccount.RECEIVABLE: -499},
        )


def test_nobody_changes_or_removes_what_is_booked(session: Session, ada: Caller, order: Order) -> None:
    pay(ada, order, 500)
    for statement in (
        "UPDATE postings SET amount = 2 * amount",
        "DELETE FROM postings",
        "UPDATE journal_entries SET cause = 'refund'",
        "DELETE FROM journal_entries",
    ):
        with pytest.raises(DBAPIError, match="never changed"), session.begin_nested():
            session.execute(text(statement))


def test_the_accountant_gets_one_posting_a_row(session: Session, ada: Caller, ben: Contact) -> None:
    evil = a_bare_order(session, ben, number="=HYPERLINK(1)", total=123456)
    session.commit()
    pay(ada, evil, 123456)
    answer = ada.get("/v1/ledger/entries.csv")
    assert answer.mimetype == "text/csv"
    assert answer.text.endswith("\r\n")
    header, *rows = list(csv.reader(io.StringIO(answer.text, newline="")))
    assert header == list(exporting.HEADER)
    assert [row[5:11] for row in rows] == [
        ["'=HYPERLINK(1)", "Ben Okafor", "cash", "1234.56", "", "GBP"],
        ["'=HYPERLINK(1)", "Ben Okafor", "receivable", "", "1234.56", "GBP"],
    ]
    assert {row[13] for row in rows} == {str(evil.id)}
    day = clock.now().astimezone(doors.settings().timezone).date()
    assert rows[0][0] in {day.isoformat(), (day - timedelta(days=1)).isoformat()}
    assert ada.get("/v1/ledger/entries.csv", until="2020-01-01").text.count("\r\n") == 1


def test_every_row_names_the_papers_that_it_is_about(ada: Caller, order: Order) -> None:
    paid = {"method": "transfer", "amount": 500, "currency": "GBP"}
    ada.post(f"/v1/orders/{order.id}/payments", paid | {"external_reference": "BACS-77"})
    invoice = ada.post(f"/v1/orders/{order.id}/invoices").json
    ada.post(f"/v1/orders/{order.id}/refunds", paid | {"amount": 200, "external_reference": "BACS-78"})
    note = ada.post(f"/v1/invoices/{invoice['id']}/credit-notes", {"amount": 200}).json
    rows = list(csv.DictReader(io.StringIO(ada.get("/v1/ledger/entries.csv").text, newline="")))
    told = {(row["cause"], row["document"], row["invoice"], row["order"], row["subject_id"]) for row in rows}
    assert {row[:4] for row in told} == {
        ("payment", "BACS-77", invoice["number"], order.number),
        ("invoice", invoice["number"], invoice["number"], order.number),
        ("refund", "BACS-78", invoice["number"], order.number),
        ("credit_note", note["number"], invoice["number"], order.number),
    }
    assert {row[4] for row in told if row[0] != "payment" and row[0] != "refund"} == {invoice["id"], note["id"]}


def test_a_long_journal_comes_in_pieces_without_loss(
    session: Session, ada: Caller, order: Order, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "PAGE", 3)
    with clock.stopped(datetime(2026, 11, 26, 12, tzinfo=UTC)):
        caller = as_staff(ada.client, Role.MANAGER)
        for amount in range(1, 8):  # all of them at one instant
            assert pay(caller, order, amount).status_code == 201
    rows = list(csv.reader(io.StringIO(ada.get("/v1/ledger/entries.csv").text, newline="")))[1:]
    assert [row[8] or row[9] for row in rows] == [f"0.0{amount}" for amount in range(1, 8) for _ in range(2)]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_that_a_spreadsheet_would_run_is_shown_instead(start: str) -> None:
    assert safe_cell(f"{start}1+1") == f"'{start}1+1"
    assert safe_cell("1042") == "1042"


def test_every_difference_is_listed(session: Session, ada: Caller, order: Order) -> None:
    pay(ada, order, 500)
    product = ada.post("/v1/products", {"code": "HP-MUG", "name": "Mug"}).json["id"]
    ada.post("/v1/stock-moves", {"product_id": product, "quantity": 5, "reason": "count"})
    assert ada.get("/v1/ledger/reconciliation").json == IN_BALANCE
    session.execute(update(Payment).values(amount=400))
    session.execute(text("UPDATE stock_items SET on_hand = 7, reserved = 1"))
    session.commit()
    found = ada.get("/v1/ledger/reconciliation").json
    assert found["in_balance"] is False
    assert [(one["what"], one["expected"], one["found"]) for one in found["differences"]] == [
        ("receivable", -400, -500),
        ("on-hand", 5, 7),
        ("reserved", 0, 1),
    ]
    assert found["differences"][0]["id"] == str(order.id)


def test_only_admins_and_managers_read_the_books(client: FlaskClient) -> None:
    for path in ("entries", "entries.csv", "balances", "reconciliation"):
        assert as_staff(client, Role.MANAGER).get(f"/v1/ledger/{path}").status_code == 200
        for role in (Role.REP, Role.AGENT):
            assert as_staff(client, role).get(f"/v1/ledger/{path}").status_code == 403


def test_every_entry_in_the_database_adds_up_to_zero(session: Session, ada: Caller, order: Order) -> None:
    ada.post(f"/v1/orders/{order.id}/invoices")
    pay(ada, order, 500)
    refund(ada, order, 200)
    with looking() as connection:
        sums = connection.execute(text("SELECT sum(amount) FROM postings GROUP BY entry_id")).scalars().all()
    assert [int(amount) for amount in sums] == [0, 0, 0]
