"""Whatever happens to orders and their money, in any order: the books agree with the documents, nothing is overdone."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from mcrm.actors import SYSTEM
from mcrm.db import Database, looking, reading
from mcrm.errors import DomainError
from mcrm.invoices import crediting
from mcrm.invoices import service as invoices
from mcrm.invoices.crediting import Pieces
from mcrm.invoices.models import Invoice
from mcrm.orders import cancelling, moving
from mcrm.orders.models import Order
from mcrm.payments import service as payments
from mcrm.payments.amounts import Sums, status_of
from mcrm.payments.models import Method, Payment, PaymentState
from mcrm.reconciliation import service as reconciliation
from mcrm.transaction import perform, transaction
from tests.cast import a_customer, a_product
from tests.tills import SELLER, a_credit_order, a_sale, receive

WHICH = st.integers(0, 10)
AMOUNTS = st.one_of(st.integers(1, 6000), st.just(0))  # 0: all that is left
STATES = st.sampled_from([PaymentState.AUTHORISED, PaymentState.CAPTURED])
GBP = {"currency": "GBP"}


def sums_of(session: Session, order_id: UUID) -> Sums:
    return payments.sums_of(session, session.get_one(Order, order_id))


class Histories(RuleBasedStateMachine):
    """Random lives of a few orders of one customer."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: list[UUID] = []
        self.serial = 0

    @initialize()
    def open_the_shop(self) -> None:
        """A customer and two products, one of them in stock."""
        with transaction() as session:
            self.ben = a_customer(session)
            number = session.scalar(select(func.count()).select_from(text("products")))
            self.espresso = a_product(session, f"ESP-{number}", price=333).id
            self.mug = a_product(session, f"MUG-{number}", "Pine mug", price=1400).id
            receive(session, self.mug, 12)

    def do(self, work: Callable[[Session], Any]) -> Any:
        """A use case; what the house refuses is a step that changes nothing."""
        try:
            return perform(work)
        except DomainError:
            return None

    def order(self, which: int) -> UUID:
        return self.orders[which % len(self.orders)]

    def reference(self, method: Method) -> str | None:
        self.serial += 1
        return None if method is Method.CASH else f"{self.orders[0]}-{self.serial}"

    @rule(espressos=st.integers(1, 7), mugs=st.integers(1, 3))
    def place(self, espressos: int, mugs: int) -> None:
        placed = self.do(lambda session: a_sale(session, self.ben, (self.espresso, espressos), (self.mug, mugs)).id)
        self.orders += [placed] if placed else []

    @rule(total=st.integers(1, 3000))
    def owe(self, total: int) -> None:
        self.orders.append(self.do(lambda session: a_credit_order(session, self.ben, total=total).id))

    @precondition(lambda self: self.orders)
    @rule(which=WHICH, total=st.integers(1, 500))
    def take_back(self, which: int, total: int) -> None:
        def work(session: Session) -> UUID:
            order = session.get_one(Order, self.order(which))
            credit = a_credit_order(session, self.ben, total=total, of=order)
            payments.settle(session, credit)
            return credit.id

        self.orders.append(self.do(work))

    @precondition(lambda self: self.orders)
    @rule(which=WHICH, step=st.sampled_from(["confirm", "ship", "deliver", "cancel"]))
    def move(self, which: int, step: str) -> None:
        facts = {"carrier": "DPD"} if step == "ship" else {}
        use_case = cancelling.cancel if step == "cancel" else getattr(moving, step)
        self.do(lambda session: use_case(session, SYSTEM, order_id=self.order(which), **facts))

    @precondition(lambda self: self.orders)
    @rule(
        which=WHICH,
        method=st.sampled_from(Method),
        state=STATES,
        amount=AMOUNTS,
    )
    def pay(self, which: int, method: Method, state: PaymentState, amount: int) -> None:
        facts = {"method": method, "state": state, "external_reference": self.reference(method), **GBP}
        order_id = self.order(which)
        self.do(
            lambda session: payments.pay(
                session, SYSTEM, order_id=order_id, amount=amount or max(1, sums_of(session, order_id).payable), **facts
            )
        )

    @precondition(lambda self: self.orders)
    @rule(which=WHICH, end=st.sampled_from([payments.capture, payments.void]))
    def end_a_promise(self, which: int, end: Callable[..., Any]) -> None:
        with reading() as session:
            promised = list(session.scalars(select(Payment.id).where(Payment.order_id.in_(self.orders))))
        if promised:
            self.do(lambda session: end(session, SYSTEM, payment_id=promised[which % len(promised)]))

    @precondition(lambda self: self.orders)
    @rule(which=WHICH, method=st.sampled_from(Method), amount=AMOUNTS)
    def refund(self, which: int, method: Method, amount: int) -> None:
        facts = {"method": method, "external_reference": self.reference(method), **GBP}
        order_id = self.order(which)
        self.do(
            lambda session: payments.refund(
                session,
                SYSTEM,
                order_id=order_id,
                amount=amount or max(1, sums_of(session, order_id).refundable),
                **facts,
            )
        )

    @precondition(lambda self: self.orders)
    @rule(which=WHICH)
    def invoice(self, which: int) -> None:
        self.do(lambda session: invoices.issue(session, SYSTEM, order_id=self.order(which), seller=SELLER))

    @precondition(lambda self: self.orders)
    @rule(which=WHICH, amount=AMOUNTS, line=st.integers(0, 2), quantity=st.integers(1, 4))
    def credit(self, which: int, amount: int, line: int, quantity: int) -> None:
        what = {"lines": [Pieces(line, quantity)]} if line else {"amount": amount or None}
        with reading() as session:
            issued = list(session.scalars(select(Invoice.id).where(Invoice.order_id.in_(self.orders))))
        if issued:
            invoice_id = issued[which % len(issued)]
            self.do(lambda session: crediting.credit(session, SYSTEM, invoice_id=invoice_id, seller=SELLER, **what))

    @invariant()
    def the_books_agree_with_the_documents(self) -> None:
        with looking() as connection:
            assert reconciliation.differences(connection) == []

    @invariant()
    def nothing_is_overdone_and_every_status_follows_from_its_sums(self) -> None:
        with reading() as session:
            for order in session.scalars(select(Order).where(Order.id.in_(self.orders))):
                sums = payments.sums_of(session, order)
                assert order.payment_status == status_of(sums)
                assert 0 <= sums.refunded <= (sums.total if sums.is_credit else sums.captured)


def run(histories: int, steps: int) -> None:
    quiet = [HealthCheck.too_slow, HealthCheck.data_too_large]
    chosen = settings(max_examples=histories, stateful_step_count=steps, deadline=None, suppress_health_check=quiet)
    run_state_machine_as_test(Histories, settings=chosen)  # type: ignore[no-untyped-call]


def test_any_history_keeps_the_books_in_balance(database: Database) -> None:
    run(8, 20)


@pytest.mark.soak
def test_many_long_histories_keep_the_books_in_balance(database: Database) -> None:
    run(150, 50)
