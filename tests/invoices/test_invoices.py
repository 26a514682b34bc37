"""Invoices and credit notes over HTTP: issued once, numbered, seen by whom they concern, never changed."""

from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import SYSTEM, Role
from mcrm.contacts.models import Contact
from mcrm.interactions.models import Interaction
from mcrm.invoices import service
from mcrm.orders.models import Order
from mcrm.returns.models import Return
from tests.callers import Caller, as_customer, as_staff
from tests.cast import a_customer, a_product, a_territory, an_order
from tests.tills import SELLER, a_bare_order, a_credit_order, a_sale, pay, refund


@pytest.fixture
def ada(client: FlaskClient) -> Caller:
    return as_staff(client, Role.ADMIN)


@pytest.fixture
def ben(session: Session) -> Contact:
    return a_customer(session)


@pytest.fixture
def order(session: Session, ben: Contact) -> Order:
    espresso, mug = a_product(session, price=950), a_product(session, "MUG-01", "Pine mug", price=1400)
    made = a_sale(session, ben, (espresso.id, 3), (mug.id, 2))
    session.commit()
    return made


def invoice(caller: Caller, order: Order) -> dict[str, object]:
    answer = caller.post(f"/v1/orders/{order.id}/invoices")
    assert answer.status_code == 201, answer.text
    return dict(answer.json)


def test_an_invoice_is_a_snapshot_of_the_order_and_of_who_deals_with_whom(
    session: Session, ada: Caller, ben: Contact, order: Order
) -> None:
    made = invoice(ada, order)
    year = str(made["issued_on"])[:4]
    assert (made["kind"], made["number"]) == ("invoice", f"INV-{year}-00001")
    assert (made["order_number"], made["currency"], made["total"]) == (order.number, "GBP", 5650)
    assert made["seller"] == {"name": "Harbour & Pine", "address": [], "tax_number": None}
    nothing_known = {"contact": None, "number": None, "country": None, "address": []}
    assert made["buyer"] == {"name": "Ben Okafor"} | nothing_known
    assert [(line["description"], line["quantity"], line["total"]) for line in made["lines"]] == [
        ("Harbour Espresso 250 g", 3, 2850),
        ("Pine mug", 2, 2800),
    ]
    session.expire_all()
    session.get_one(Contact, ben.id).name = "Benjamin Okafor"
    session.commit()
    assert ada.get(f"/v1/invoices/{made['id']}").json == made
    assert session.scalars(select(Interaction.kind).order_by(Interaction.position.desc())).first() == "invoice.issued"


def test_an_invoice_says_where_bills_go_of_the_account_before_the_contact(
    session: Session, ada: Caller, ben: Contact, order: Order
) -> None:
    where = {"kind": "billing", "lines": ["3 Pier Road"], "city": "Bristol", "postcode": "bs14nd", "country": "GB"}
    assert ada.post(f"/v1/contacts/{ben.id}/addresses", where).status_code == 201
    assert invoice(ada, order)["buyer"]["address"] == ["3 Pier Road", "Bristol BS1 4ND", "GB"]  # type: ignore[index]
    berlin = {"kind": "billing", "name": "Accounts", "lines": ["Am Ufer 1"], "city": "Berlin", "postcode": "10115"}
    ada.post(f"/v1/accounts/{ben.account_id}/addresses", berlin | {"country": "DE"})
    second = a_sale(session, ben, (a_product(session, "HP-CAN").id, 1))
    session.commit()
    address = invoice(ada, second)["buyer"]["address"]  # type: ignore[index]
    assert address == ["Accounts", "Am Ufer 1", "10115 Berlin", "DE"]


def test_taxes_stand_per_rate_as_the_order_has_them_and_go_back_in_full(
    session: Session, ada: Caller, ben: Contact
) -> None:
    taxed = {"valid_from": "2020-01-01T00:00:00Z"}
    ada.post("/v1/tax-rates", {"code": "standard", "name": "VAT 20 %", "basis_points": 2000, **taxed})
    ada.post("/v1/tax-rates", {"code": "reduced", "name": "VAT 5 %", "basis_points": 500, **taxed})
    mug, beans = a_product(session, "MUG-01", "Pine mug", price=1499), a_product(session, "BEANS", "Beans", price=333)
    gift = a_product(session, "GIFT", "Gift card", price=1000)
    mug.tax_code, beans.tax_code = "standard", "reduced"
    session.commit()
    order = a_sale(session, ben, (mug.id, 3), (beans.id, 7), (gift.id, 1))
    session.commit()
    made = invoice(ada, order)
    of_order = ada.get(f"/v1/orders/{order.id}").json
    assert [made[name] for name in ("net", "tax", "total")] == [
        of_order[name] for name in ("net_total", "tax_total", "total")
    ]
    assert [(rate["basis_points"], rate["tax"]) for rate in made["taxes"]] == [(2000, 750), (500, 111), (0, 0)]
    path = f"/v1/invoices/{made['id']}/credit-notes"
    notes = [ada.post(path, {"lines": [{"line_number": 1, "quantity": 1}]}).json for _ in range(2)]
    notes += [ada.post(path, {"amount": 1234}).json, ada.post(path, {}).json]
    assert [sum(note[name] for note in notes) for name in ("net", "tax")] == [made["net"], made["tax"]]
    balances = {item["account"]: item["balance"] for item in ada.get("/v1/ledger/balances").json["items"]}
    assert balances == {"receivable": 0, "refunds": made["net"], "revenue": -of_order["net_total"], "tax": 0}
    assert ada.get("/v1/ledger/reconciliation").json["in_balance"] is True


def test_day_and_year_are_those_of_the_business(session: Session, ben: Contact) -> None:
    espresso = a_product(session)
    late_in_july, new_year = datetime(2026, 7, 31, 23, 30, tzinfo=UTC), datetime(2027, 1, 1, 0, 5, tzinfo=UTC)
    issued = []
    for at in (late_in_july, new_year - timedelta(minutes=10), new_year):  # London is an hour ahead in summer
        order = a_sale(session, ben, (espresso.id, 1))
        with clock.stopped(at):
            issued.append(service.issue(session, SYSTEM, order_id=order.id, seller=SELLER))
    assert [(made.number, made.issued_on.isoformat()) for made in issued] == [
        ("INV-2026-00001", "2026-08-01"),
        ("INV-2026-00002", "2026-12-31"),
        ("INV-2027-00001", "2027-01-01"),
    ]


def test_an_order_is_invoiced_once(ada: Caller, order: Order) -> None:
    invoice(ada, order)
    again = ada.post(f"/v1/orders/{order.id}/invoices")
    assert (again.status_code, again.json["code"]) == (409, "invoice.already-issued")
    assert [item["number"][:3] for item in ada.get(f"/v1/orders/{order.id}/invoices").json["items"]] == ["INV"]


def test_what_is_cancelled_imported_or_empty_is_not_invoiced(session: Session, ada: Caller, ben: Contact) -> None:
    orders = [
        an_order(session, ben, status="cancelled"),
        a_bare_order(session, ben, number="536365", total=500, source="import"),
        an_order(session, ben),
    ]
    session.commit()
    for made in orders:
        assert ada.post(f"/v1/orders/{made.id}/invoices").json["code"] == "invoice.not-invoiceable"


def test_a_credit_order_gets_a_credit_note_of_its_own_series(session: Session, ada: Caller, ben: Contact) -> None:
    credit = a_credit_order(session, ben, total=900)
    session.commit()
    made = invoice(ada, credit)
    assert (made["kind"], str(made["number"])[:4], made["total"], made["credits_id"]) == (
        "credit_note",
        "CRN-",
        900,
        None,
    )
    assert ada.post(f"/v1/orders/{credit.id}/invoices").json["code"] == "invoice.already-issued"


def test_pieces_are_credited_and_never_more_than_were_invoiced(ada: Caller, order: Order) -> None:
    made = invoice(ada, order)
    path = f"/v1/invoices/{made['id']}/credit-notes"
    note = ada.post(path, {"lines": [{"line_number": 1, "quantity": 2}], "reason": "roasted too dark"})
    assert note.status_code == 201
    assert (note.json["total"], note.json["credits_number"], note.json["reason"]) == (
        1900,
        made["number"],
        "roasted too dark",
    )
    refused = ada.post(path, {"lines": [{"line_number": 1, "quantity": 2}]})
    assert (refused.status_code, refused.json["code"]) == (409, "credit-note.too-much")
    rest = ada.post(path, {}).json
    assert rest["total"] == 5650 - 1900
    assert ada.post(path, {}).json["code"] == "credit-note.too-much"
    assert [item["total"] for item in ada.get("/v1/invoices", credits_id=made["id"]).json["items"]] == [3750, 1900]


def test_an_amount_is_credited_for_a_refund_and_leaves_less_for_pieces(ada: Caller, order: Order) -> None:
    pay(ada, order, 5650)
    made = invoice(ada, order)
    path = f"/v1/invoices/{made['id']}/credit-notes"
    back = refund(ada, order, 5000).json
    note = ada.post(path, {"amount": 5000, "refund_id": back["id"]}).json
    assert (note["total"], note["refund_id"], note["lines"][0]["order_line_id"]) == (5000, back["id"], None)
    refused = ada.post(path, {"lines": [{"line_number": 2, "quantity": 1}]})
    assert (refused.status_code, refused.json["code"]) == (409, "credit-note.too-much")
    assert ada.post(path, {"amount": 651}).status_code == 409
    assert ada.post(path, {"amount": 650}).status_code == 201


def test_a_credit_note_changes_what_is_owed(session: Session, ada: Caller, order: Order) -> None:
    made = invoice(ada, order)
    pay(ada, order, 3750)
    assert ada.get(f"/v1/orders/{order.id}").json["payment_status"] == "unpaid"
    ada.post(f"/v1/invoices/{made['id']}/credit-notes", {"amount": 1900})
    assert ada.get(f"/v1/orders/{order.id}").json["payment_status"] == "paid"
    assert pay(ada, order, 1).json["code"] == "payment.too-much"


def test_a_credit_note_that_makes_no_sense_is_refused(
    session: Session, ada: Caller, ben: Contact, order: Order
) -> None:
    other = an_order(session, ben)
    session.add(elsewhere := Return(order_id=other.id, reason="broken", state="announced"))
    session.commit()
    pay(ada, other, 100)
    back = refund(ada, other, 100).json
    made = invoice(ada, order)
    path = f"/v1/invoices/{made['id']}/credit-notes"
    note = ada.post(path, {"amount": 10}).json
    pieces = [{"line_number": 9, "quantity": 1}]
    for facts, code in (
        ({"lines": pieces}, "credit-note.line-unknown"),
        ({"lines": pieces, "amount": 5}, "credit-note.lines-or-amount"),
        ({"refund_id": back["id"]}, "credit-note.refund-unknown"),
        ({"return_id": str(elsewhere.id)}, "return.unknown-for-order"),
    ):
        refused = ada.post(path, facts)
        assert (refused.status_code, refused.json["code"]) == (422, code)
    refused = ada.post(f"/v1/invoices/{note['id']}/credit-notes", {})
    assert (refused.status_code, refused.json["code"]) == (409, "credit-note.not-an-invoice")


def test_only_managers_credit(client: FlaskClient, ada: Caller, order: Order) -> None:
    made = invoice(ada, order)
    for role in (Role.REP, Role.AGENT):
        assert as_staff(client, role).post(f"/v1/invoices/{made['id']}/credit-notes", {}).status_code == 403


def test_nobody_changes_or_removes_an_issued_document(session: Session, ada: Caller, order: Order) -> None:
    invoice(ada, order)
    for statement in (
        "UPDATE invoices SET total = total + 1, net = net + 1",
        "DELETE FROM invoices",
        "UPDATE invoice_lines SET description = 'tea'",
        "DELETE FROM invoice_lines",
    ):
        with pytest.raises(DBAPIError, match="never changed"), session.begin_nested():
            session.execute(text(statement))


def test_a_rep_sees_the_invoices_of_the_own_territory(session: Session, client: FlaskClient, ada: Caller) -> None:
    west, east = a_territory(session, "West"), a_territory(session, "East")
    espresso = a_product(session)
    order = a_sale(session, a_customer(session, territory_id=east.id), (espresso.id, 1))
    session.commit()
    made = invoice(ada, order)
    sam, lena = as_staff(client, Role.REP, [west]), as_staff(client, Role.REP, [east])
    for path in (f"/v1/invoices/{made['id']}", f"/v1/invoices/{made['id']}/pdf"):
        assert sam.get(path).json["code"] == "invoice.unknown"
        assert lena.get(path).status_code == 200
    assert sam.get("/v1/invoices").json["items"] == []
    assert [item["id"] for item in lena.get("/v1/invoices").json["items"]] == [made["id"]]
    assert sam.post(f"/v1/orders/{order.id}/invoices").json["code"] == "order.unknown"


def test_customers_read_their_own_invoices_as_json_and_pdf(
    session: Session, client: FlaskClient, ada: Caller, ben: Contact, order: Order
) -> None:
    aisha = a_customer(session, "Aisha Khan")
    session.commit()
    made = invoice(ada, order)
    app, other = as_customer(client, ben), as_customer(client, aisha, "pixel-8")
    assert [item["number"] for item in app.get("/v1/me/invoices").json["items"]] == [made["number"]]
    assert app.get(f"/v1/me/invoices/{made['id']}").json == made
    pdf = app.get(f"/v1/me/invoices/{made['id']}/pdf")
    assert (pdf.mimetype, pdf.data[:5]) == ("application/pdf", b"%PDF-")
    assert pdf.headers["Content-Disposition"] == f'attachment; filename="{made["number"]}.pdf"'
    assert pdf.data == ada.get(f"/v1/invoices/{made['id']}/pdf").data
    assert other.get("/v1/me/invoices").json["items"] == []
    for path in (f"/v1/me/invoices/{made['id']}", f"/v1/me/invoices/{made['id']}/pdf"):
        assert other.get(path).status_code == 404


def test_invoices_are_found_by_kind_customer_number_and_day(
    session: Session, ada: Caller, ben: Contact, order: Order
) -> None:
    made = invoice(ada, order)
    note = ada.post(f"/v1/invoices/{made['id']}/credit-notes", {"amount": 10}).json
    day = made["issued_on"]
    for query, found in (
        ({}, [note, made]),
        ({"kind": "credit_note"}, [note]),
        ({"number": made["number"]}, [made]),
        ({"contact_id": ben.id, "order_id": order.id}, [note, made]),
        ({"contact_id": order.id}, []),
        ({"from": day, "until": day}, [note, made]),
        ({"until": "2020-01-01"}, []),
    ):
        items = ada.get("/v1/invoices", **query).json["items"]
        assert [item["number"] for item in items] == [item["number"] for item in found], query
    [first, _] = ada.get("/v1/invoices").json["items"]
    assert first == {name: value for name, value in note.items() if name in first}
