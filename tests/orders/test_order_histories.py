"""Whatever is done to orders, returns and stock, in any order: only legal steps happen, and the pieces always add up.

The model beside the machine knows the rules in its own words; where the two disagree, one of them is wrong.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mcrm.actors import SYSTEM
from mcrm.db import Database, reading
from mcrm.errors import DomainError
from mcrm.ids import new_id
from mcrm.orders import cancelling, changing, moving, placing
from mcrm.orders import service as orders
from mcrm.orders.changing import Change
from mcrm.orders.lines import Pieces
from mcrm.orders.models import Order, OrderLine
from mcrm.orders.placing import Wanted
from mcrm.returns import service as returns
from mcrm.returns.models import Return, ReturnReason, Verdict
from mcrm.returns.service import Finding
from mcrm.stock import moving as stock
from mcrm.stock.models import MoveKind, ReservationState, StockItem, StockMove, StockReservation
from mcrm.transaction import perform, transaction
from tests.cast import a_customer, a_product

LIVE = ("new", "confirmed")
FEW = st.integers(0, 2)  # few orders, so that each of them gets far
RETURN_STEPS = {"requested": {"receive": "received", "withdraw": "withdrawn"}, "received": {"inspect": "inspected"}}
RETURN_STEPS["inspected"] = {"close": "closed"}


@dataclass
class Sold:
    """What the model knows of an order of one line."""

    line_id: UUID
    pieces: int
    status: str = "new"
    left_house: int = 0
    shipments: int = 0
    returns: dict[UUID, tuple[str, int]] = field(default_factory=dict)

    @property
    def open(self) -> int:
        return self.pieces - self.left_house

    def coming_back(self, *, closed: bool = False) -> int:
        counted = {"closed"} if closed else {"requested", "received", "inspected", "closed"}
        return sum(pieces for state, pieces in self.returns.values() if state in counted)


class Shop(RuleBasedStateMachine):
    """Buyers, packers and returners at one product that stands in two places."""

    def __init__(self) -> None:
        super().__init__()
        self.orders: dict[UUID, Sold] = {}

    @initialize()
    def open_shop(self) -> None:
        with transaction() as session:
            self.ben = a_customer(session).id
            self.beans = a_product(session, f"P{new_id()}").id
            stock.move(session, SYSTEM, product_id=self.beans, quantity=4, reason="opening", location="main")
            stock.move(
                session, SYSTEM, product_id=self.beans, quantity=3, reason="opening", location="back", is_listed=True
            )

    def attempt(self, allowed: bool, work: Callable[[Session], Any]) -> Any:
        """Do it; it succeeds exactly when the model allows it."""
        try:
            result = perform(work)
        except DomainError as error:
            assert not allowed, f"refused: {error!r}"
            return None
        assert allowed, "this should have been refused"
        return result

    def available(self) -> int:
        with reading() as session:
            items = session.scalars(select(StockItem).where(StockItem.product_id == self.beans)).all()
            return sum(item.available for item in items)

    def pick(self, number: int) -> tuple[UUID, Sold] | None:
        return list(self.orders.items())[number % len(self.orders)] if self.orders else None

    @rule(quantity=st.integers(-3, 4), place=st.sampled_from(["main", "back"]))
    def count(self, quantity: int, place: str) -> None:
        with reading() as session:
            item = session.scalars(
                select(StockItem).where(StockItem.product_id == self.beans, StockItem.location == place)
            ).one()
            there = item.available
        facts = {"product_id": self.beans, "quantity": quantity, "reason": "count", "location": place}
        self.attempt(there + quantity >= 0, lambda session: stock.move(session, SYSTEM, **facts))

    @rule(quantity=st.integers(1, 3), there=st.booleans())
    def carry(self, quantity: int, there: bool) -> None:
        source, target = ("main", "back") if there else ("back", "main")
        with reading() as session:
            item = session.scalars(
                select(StockItem).where(StockItem.product_id == self.beans, StockItem.location == source)
            ).one()
            allowed = item.available >= quantity
        facts = {"product_id": self.beans, "quantity": quantity, "source": source, "target": target, "reason": "x"}
        self.attempt(allowed, lambda session: stock.transfer(session, SYSTEM, **facts))

    @rule(quantity=st.integers(1, 6))
    def place(self, quantity: int) -> None:
        allowed = self.available() >= quantity

        def work(session: Session) -> tuple[UUID, UUID]:
            made = placing.place(session, SYSTEM, contact_id=self.ben, lines=[Wanted(self.beans, quantity)])
            return made.id, orders.lines_of(session, [made.id])[made.id][0].id

        if (made := self.attempt(allowed, work)) is not None:
            self.orders[made[0]] = Sold(made[1], quantity)

    @rule(number=FEW)
    def confirm(self, number: int) -> None:
        if (picked := self.pick(number)) is None:
            return
        order_id, sold = picked
        if self.attempt(sold.status == "new", lambda session: moving.confirm(session, SYSTEM, order_id=order_id)):
            sold.status = "confirmed"

    @rule(number=FEW, quantity=st.integers(0, 4))
    def ship(self, number: int, quantity: int) -> None:
        """A quantity of 0 ships all that is left."""
        if (picked := self.pick(number)) is None:
            return
        order_id, sold = picked
        lines = [Pieces(sold.line_id, quantity)] if quantity else None
        allowed = sold.status in LIVE and quantity <= sold.open
        facts = {"order_id": order_id, "carrier": "DPD", "lines": lines}
        if self.attempt(allowed, lambda session: moving.ship(session, SYSTEM, **facts)):
            sold.left_house += quantity or sold.open
            sold.shipments += 1
            sold.status = "confirmed" if sold.open else "shipped"

    @rule(number=FEW, quantity=st.integers(0, 4))
    def cancel(self, number: int, quantity: int) -> None:
        """A quantity of 0 cancels the whole order."""
        if (picked := self.pick(number)) is None:
            return
        order_id, sold = picked
        lines = [Pieces(sold.line_id, quantity)] if quantity else None
        allowed = sold.status in LIVE and (quantity <= sold.open if quantity else not sold.left_house)
        facts = {"order_id": order_id, "lines": lines}
        if self.attempt(allowed, lambda session: cancelling.cancel(session, SYSTEM, **facts)):
            if not sold.left_house and quantity in (0, sold.open):
                sold.status = "cancelled"
                return
            sold.pieces -= quantity
            sold.status = sold.status if sold.open else "shipped"

    @rule(number=FEW, quantity=st.integers(0, 6))
    def change(self, number: int, quantity: int) -> None:
        if (picked := self.pick(number)) is None:
            return
        order_id, sold = picked
        enough = quantity - sold.pieces <= self.available()
        allowed = sold.status in LIVE and not sold.left_house and quantity > 0 and enough

        def work(session: Session) -> Order:
            order = orders.reachable(session, SYSTEM, order_id, lock=True)
            return changing.change_lines(session, SYSTEM, order, [Change(quantity, line_id=sold.line_id)])

        if self.attempt(allowed, work):
            sold.pieces = quantity

    @rule(number=FEW)
    def deliver(self, number: int) -> None:
        if (picked := self.pick(number)) is None:
            return
        order_id, sold = picked
        if self.attempt(sold.status == "shipped", lambda session: moving.deliver(session, SYSTEM, order_id=order_id)):
            sold.status = "delivered"

    @rule(number=FEW, quantity=st.integers(1, 4))
    def ask_to_return(self, number: int, quantity: int) -> None:
        if (picked := self.pick(number)) is None:
            return
        order_id, sold = picked
        allowed = sold.coming_back() + quantity <= sold.left_house
        facts = {"order_id": order_id, "lines": [Pieces(sold.line_id, quantity)], "reason": ReturnReason.OTHER}
        if (made := self.attempt(allowed, lambda session: returns.request(session, SYSTEM, **facts))) is not None:
            sold.returns[made.id] = ("requested", quantity)

    @rule(
        number=FEW,
        which=FEW,
        step=st.sampled_from(["receive", "inspect", "close", "withdraw"]),
        verdict=st.sampled_from(Verdict),
        refunded=st.integers(0, 5),
    )
    def go_on_with_return(self, number: int, which: int, step: str, verdict: Verdict, refunded: int) -> None:
        picked = self.pick(number)
        if picked is None or not picked[1].returns:
            return
        _, sold = picked
        return_id, (state, pieces) = list(sold.returns.items())[which % len(sold.returns)]
        after = RETURN_STEPS.get(state, {}).get(step)
        facts: dict[str, Any] = {"return_id": return_id}
        if step == "inspect":
            facts["findings"] = [Finding(sold.line_id, verdict, refunded)]
        allowed = after is not None and not (step == "inspect" and refunded > pieces)
        if self.attempt(allowed, lambda session: getattr(returns, step)(session, SYSTEM, **facts)):
            assert after is not None
            sold.returns[return_id] = (after, pieces)
            is_back = sold.coming_back(closed=True) == sold.left_house
            if step == "close" and sold.status in {"shipped", "delivered"} and is_back:
                sold.status = "returned"

    @invariant()
    def what_the_house_says_is_what_the_model_says(self) -> None:
        with reading() as session:
            for order_id, sold in self.orders.items():
                line = session.get_one(OrderLine, sold.line_id)
                assert session.get_one(Order, order_id).status == sold.status
                if sold.status != "cancelled":
                    assert (line.live_quantity, line.shipped_quantity) == (sold.pieces, sold.left_house)
                    assert line.total == 950 * sold.pieces
            states = dict(session.execute(select(Return.id, Return.state)).all())
            for sold in self.orders.values():
                assert all(states[return_id] == state for return_id, (state, _) in sold.returns.items())

    @invariant()
    def stock_adds_up(self) -> None:
        if not hasattr(self, "beans"):
            return
        with reading() as session:
            items = session.scalars(select(StockItem).where(StockItem.product_id == self.beans)).all()
            for item in items:
                moved = select(func.sum(StockMove.quantity)).where(StockMove.stock_item_id == item.id)
                held = select(func.sum(StockReservation.quantity)).where(
                    StockReservation.stock_item_id == item.id,
                    StockReservation.state == ReservationState.HELD.value,
                )
                assert item.on_hand == (session.scalar(moved) or 0)
                assert item.reserved == (session.scalar(held) or 0)
            promised = sum(sold.open for sold in self.orders.values() if sold.status in LIVE)
            assert sum(item.reserved for item in items) == promised

    @invariant()
    def credits_never_exceed_what_was_sold(self) -> None:
        with reading() as session:
            for order_id in self.orders:
                number = session.get_one(Order, order_id).number
                credited = session.scalar(select(func.sum(Order.total)).where(Order.reference == number)) or 0
                assert -session.get_one(Order, order_id).total <= credited <= 0


def walk(examples: int, steps: int) -> None:
    made = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, suppress_health_check=list(HealthCheck)
    )
    run_state_machine_as_test(Shop, settings=made)


def test_any_history_of_orders_and_returns_is_legal_and_adds_up(database: Database) -> None:
    walk(examples=8, steps=30)


@pytest.mark.soak
def test_many_long_histories_are_legal_and_add_up(database: Database) -> None:
    walk(examples=150, steps=60)


def test_movements_have_a_kind_that_says_why(database: Database) -> None:
    with transaction() as session:
        beans = a_product(session).id
        stock.move(session, SYSTEM, product_id=beans, quantity=5, reason="came", kind=MoveKind.RECEIPT)
        for kind, quantity in ((MoveKind.RECEIPT, -1), (MoveKind.SCRAP, 1)):
            try:
                stock.move(session, SYSTEM, product_id=beans, quantity=quantity, reason="wrong way", kind=kind)
            except DomainError as error:
                assert error.code == "stock.move-against-its-kind"
            else:
                raise AssertionError(kind)
