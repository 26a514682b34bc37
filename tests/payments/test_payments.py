"""Payments and refunds over HTTP: what comes in, what goes back, and what neither can exceed."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mcrm.actors import SYSTEM, Role
from mcrm.contacts.models import Contact
from mcrm.db import Database, reading
from mcrm.interactions.models import Interaction
from mcrm.orders.models import Order
from mcrm.payments import service
from mcrm.payments.errors import Overpaid, RefundTooLarge
from mcrm.payments.models import Method, Payment, Refund
from mcrm.transaction import perform, transaction
from tests.callers import Caller, as_customer, as_staff
from tests.cast import a_customer, a_product, a_territory, an_order
from tests.tills import a_bare_order, a_credit_order, pay, refund


@pytest.fixture
def ada(client: FlaskClient) -> Caller:
    return as_staff(client, Role.ADMIN)


@pytest.fixture
def ben(session: Session) -> Contact:
    return a_customer(session)


@pytest.fixture
def order(session: Session, ben: Contact) -> Order:
    made = an_order(session, ben, total=2450)
    session.commit()
    return made


def status(caller: Caller, order: Order) -> str:
    return str(caller.get(f"/v1/orders/{order.id}").json["payment_status"])


def kinds(session: Session) -> list[str]:
    session.expire_all()
    return list(session.scalars(select(Interaction.kind).order_by(Interaction.position)))


def test_an_order_is_paid_in_parts_and_paid_when_nothing_is_open(session: Session, ada: Caller, order: Order) -> None:
    first = pay(ada, order, 1000)
    assert (first.status_code, first.json["state"], first.json["captured_at"] is not None) == (201, "captured", True)
    assert status(ada, order) == "unpaid"
    assert pay(ada, order, 1450, "card", external_reference="ch_1042").status_code == 201
    assert status(ada, order) == "paid"
    listed = ada.get(f"/v1/orders/{order.id}/payments").json["items"]
    assert [(item["method"], item["amount"]) for item in listed] == [("cash", 1000), ("card", 1450)]
    assert kinds(session) == ["session.opened", "payment.captured", "payment.captured"]


def test_more_than_the_order_costs_is_refused(ada: Caller, order: Order) -> None:
    pay(ada, order, 2000)
    refused = pay(ada, order, 451)
    assert (refused.status_code, refused.json["code"]) == (409, "payment.too-much")
    assert pay(ada, order, 450).status_code == 201


def test_a_promise_takes_its_place_until_it_is_let_go(session: Session, ada: Caller, order: Order) -> None:
    promised = pay(ada, order, 2450, "card", state="authorised", external_reference="ch_1").json
    assert (promised["state"], promised["captured_at"], status(ada, order)) == ("authorised", None, "unpaid")
    assert pay(ada, order, 1).json["code"] == "payment.too-much"
    voided = ada.post(f"/v1/payments/{promised['id']}/void")
    assert (voided.status_code, voided.json["state"]) == (201, "voided")
    assert ada.post(f"/v1/payments/{promised['id']}/capture").json["code"] == "payment.settled"
    assert pay(ada, order, 2450).status_code == 201
    assert kinds(session)[1:] == ["payment.authorised", "payment.voided", "payment.captured"]


def test_a_captured_promise_is_money_and_is_captured_once(ada: Caller, order: Order) -> None:
    promised = pay(ada, order, 2450, "card", state="authorised", external_reference="ch_1").json
    path = f"/v1/payments/{promised['id']}"
    assert ada.post(f"{path}/capture").json["state"] == "captured"
    assert status(ada, order) == "paid"
    assert [ada.post(f"{path}/{again}").json["code"] for again in ("capture", "void")] == ["payment.settled"] * 2
    assert ada.get(path).json["captured_at"] is not None


def test_a_reference_is_entered_once_for_each_method(session: Session, ada: Caller, ben: Contact, order: Order) -> None:
    other = an_order(session, ben, total=500)
    session.commit()
    assert pay(ada, order, 100, "card", external_reference="X-1").status_code == 201
    twice = pay(ada, other, 100, "card", external_reference="X-1")
    assert (twice.status_code, twice.json["code"]) == (409, "payment.duplicate-reference")
    assert pay(ada, other, 100, "transfer", external_reference="X-1").status_code == 201
    assert ada.get("/v1/payments", external_reference="X-1", method="transfer").json["items"][0]["amount"] == 100


@pytest.mark.parametrize(
    ("facts", "code", "field"),
    [
        ({"method": "card"}, "payment.reference-missing", "external_reference"),
        ({"method": "transfer", "external_reference": None}, "payment.reference-missing", "external_reference"),
        ({"method": "cash", "state": "authorised"}, "payment.cash-cannot-wait", "state"),
        ({"currency": "EUR"}, "payment.wrong-currency", "currency"),
    ],
)
def test_a_payment_that_makes_no_sense_is_refused(
    ada: Caller, order: Order, facts: dict[str, str], code: str, field: str
) -> None:
    refused = pay(ada, order, 100, **facts)
    assert (refused.status_code, refused.json["code"], refused.json["errors"][0]["field"]) == (422, code, field)


def test_nothing_is_paid_for_what_is_cancelled_imported_or_a_credit(
    session: Session, ada: Caller, ben: Contact
) -> None:
    unpayable = [
        an_order(session, ben, status="cancelled"),
        a_bare_order(session, ben, number="536365", total=500, source="import"),
        a_credit_order(session, ben),
    ]
    session.commit()
    assert [pay(ada, order, 100).json["code"] for order in unpayable] == ["payment.not-payable"] * 3


def test_money_goes_back_in_part_and_then_in_full(session: Session, ada: Caller, order: Order) -> None:
    pay(ada, order, 2450)
    made = refund(ada, order, 450, reason="one mug was broken")
    assert (made.status_code, made.json["reason"], status(ada, order)) == (201, "one mug was broken", "part_refunded")
    refused = refund(ada, order, 2001)
    assert (refused.status_code, refused.json["code"]) == (409, "refund.too-much")
    assert refund(ada, order, 2000).status_code == 201
    assert status(ada, order) == "refunded"
    assert kinds(session)[2:] == ["refund.made", "refund.made"]


def test_a_promise_cannot_be_refunded(ada: Caller, order: Order) -> None:
    pay(ada, order, 2450, "card", state="authorised", external_reference="ch_1")
    assert refund(ada, order, 1).json["code"] == "refund.too-much"


def test_what_a_credit_order_is_worth_goes_back_without_any_payment(
    session: Session, ada: Caller, ben: Contact
) -> None:
    credit = a_credit_order(session, ben, total=900)
    session.commit()
    assert refund(ada, credit, 901).json["code"] == "refund.too-much"
    assert refund(ada, credit, 400).status_code == 201
    assert status(ada, credit) == "part_refunded"
    assert refund(ada, credit, 500, "transfer", external_reference="T-1").status_code == 201
    assert status(ada, credit) == "refunded"


def test_an_order_and_its_credits_give_back_together_what_came_in_for_it(
    session: Session, ada: Caller, ben: Contact, order: Order
) -> None:
    credit = a_credit_order(session, ben, total=900, of=order)
    session.commit()
    assert refund(ada, credit, 1).json["code"] == "refund.too-much", "nothing was paid for what came back"
    assert pay(ada, order, 1551).json["code"] == "payment.too-much"
    assert pay(ada, order, 1550).status_code == 201
    assert (status(ada, order), pay(ada, order, 1).json["code"]) == ("paid", "payment.too-much")
    assert refund(ada, credit, 900).status_code == 201
    assert (status(ada, credit), status(ada, order)) == ("refunded", "part_refunded")
    assert refund(ada, order, 651).json["code"] == "refund.too-much"
    assert refund(ada, order, 650).status_code == 201
    assert status(ada, order) == "refunded"


def test_only_managers_give_money_back(client: FlaskClient, order: Order) -> None:
    for role in (Role.REP, Role.AGENT):
        assert refund(as_staff(client, role), order, 1).status_code == 403
    assert refund(as_staff(client, Role.MANAGER), order, 1).json["code"] == "refund.too-much"


def test_a_rep_sees_no_money_outside_the_own_territory(session: Session, client: FlaskClient, ada: Caller) -> None:
    west, east = a_territory(session, "West"), a_territory(session, "East")
    order = an_order(session, a_customer(session, territory_id=east.id), total=2450)
    session.commit()
    payment = pay(ada, order, 100, "card", state="authorised", external_reference="ch_9").json
    sam, lena = as_staff(client, Role.REP, [west]), as_staff(client, Role.REP, [east])
    assert pay(sam, order, 100).json["code"] == "order.unknown"
    assert sam.post(f"/v1/payments/{payment['id']}/capture").json["code"] == "payment.unknown"
    assert sam.get(f"/v1/payments/{payment['id']}").status_code == 404
    assert sam.get("/v1/payments").json["items"] == []
    assert [item["id"] for item in lena.get("/v1/payments").json["items"]] == [payment["id"]]


def test_customers_see_their_own_payments_and_nobody_elses(
    session: Session, client: FlaskClient, ada: Caller, ben: Contact, order: Order
) -> None:
    aisha = a_customer(session, "Aisha Khan")
    session.commit()
    pay(ada, order, 2450, "card", external_reference="ch_1")
    refund(ada, order, 450)
    app, other = as_customer(client, ben), as_customer(client, aisha, "pixel-8")
    [payment] = app.get(f"/v1/me/orders/{order.id}/payments").json["items"]
    assert (payment["amount"], payment["state"], "external_reference" in payment) == (2450, "captured", False)
    assert [item["amount"] for item in app.get(f"/v1/me/orders/{order.id}/refunds").json["items"]] == [450]
    assert other.get(f"/v1/me/orders/{order.id}/payments").status_code == 404
    assert app.get("/v1/payments").status_code == 403


def test_the_fast_list_says_what_the_single_payment_says(ada: Caller, order: Order) -> None:
    payment = pay(ada, order, 100, "card", external_reference="ch_1").json
    assert ada.get("/v1/payments").json["items"] == [payment]
    assert ada.get(f"/v1/payments/{payment['id']}").json == payment


def test_eight_refunds_at_once_give_back_what_came_in_and_no_more(committed: Database) -> None:
    with transaction() as session:
        order_id = an_order(session, a_customer(session), total=1000).id
    cash = {"order_id": order_id, "method": Method.CASH, "currency": "GBP"}
    together = threading.Barrier(8)

    def pay_at_once(_: int) -> str:
        together.wait(timeout=20)
        try:
            perform(lambda session: service.pay(session, SYSTEM, amount=500, **cash))
        except Overpaid as error:
            return error.code
        return "paid"

    def refund_at_once(_: int) -> str:
        together.wait(timeout=20)
        try:
            perform(lambda session: service.refund(session, SYSTEM, amount=400, **cash))
        except RefundTooLarge as error:
            return error.code
        return "refunded"

    with ThreadPoolExecutor(8) as pool:
        assert Counter(pool.map(pay_at_once, range(8))) == {"paid": 2, "payment.too-much": 6}
        assert Counter(pool.map(refund_at_once, range(8))) == {"refunded": 2, "refund.too-much": 6}
    with reading() as session:
        assert session.scalar(select(func.sum(Payment.amount))) == 1000
        assert session.scalar(select(func.sum(Refund.amount))) == 800
        assert session.scalar(select(Order.payment_status)) == "part_refunded"


def test_an_order_that_became_cheaper_than_what_was_paid_for_it_is_paid(
    session: Session, ada: Caller, ben: Contact
) -> None:
    mug = a_product(session, "MUG-01", "Pine mug", price=1000)
    session.commit()
    wanted = {"contact_id": str(ben.id), "lines": [{"product_id": str(mug.id), "quantity": 4}]}
    for way in ("lines", "cancellation", "return"):
        placed = ada.post("/v1/orders", wanted).json
        order, line = session.get_one(Order, UUID(placed["id"])), placed["lines"][0]["id"]
        path = f"/v1/orders/{order.id}"
        pay(ada, order, 3000)
        if way == "lines":
            assert ada.patch(f"{path}/lines", {"lines": [{"line_id": line, "quantity": 3}]}).status_code == 200
        elif way == "cancellation":
            answer = ada.post(f"{path}/cancellation", {"lines": [{"line_id": line, "quantity": 1}]})
            assert answer.status_code == 201, answer.text
        else:
            take_back(ada, path, line)
        assert (way, status(ada, order)) == (way, "paid")
        assert pay(ada, order, 1).json["code"] == "payment.too-much"


def take_back(caller: Caller, path: str, line: str) -> None:
    """One piece of an order leaves, comes back and is credited."""
    caller.post(f"{path}/shipments", {"carrier": "DPD"})
    back = {"lines": [{"line_id": line, "quantity": 1}], "reason": "damaged"}
    found = caller.post(f"{path}/returns", back).json["id"]
    caller.post(f"/v1/returns/{found}/receipt")
    finding = {"line_id": line, "verdict": "scrap", "refundable_quantity": 1}
    caller.post(f"/v1/returns/{found}/inspection", {"lines": [finding]})
    assert caller.post(f"/v1/returns/{found}/closure").json["credit_order_id"] is not None
