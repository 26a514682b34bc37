"""What holds for orders and stock whatever happens, in any order, and from many sides at once."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from mcrm.actors import SYSTEM
from mcrm.db import Database, reading
from mcrm.deliveries.models import Delivery
from mcrm.errors import DomainError
from mcrm.interactions.models import Interaction
from mcrm.orders import cancelling, moving, placing, states
from mcrm.orders.errors import IllegalMove
from mcrm.orders.models import Order, OrderStatus, Shipment
from mcrm.orders.placing import Wanted
from mcrm.orders.states import Move
from mcrm.stock.errors import OutOfStock
from mcrm.stock.models import StockItem
from mcrm.transaction import perform, transaction
from tests.cast import a_customer, a_product, an_order

NEXT = {
    ("new", "confirm"): "confirmed",
    ("new", "ship"): "shipped",
    ("confirmed", "ship"): "shipped",
    ("new", "ship in part"): "confirmed",
    ("confirmed", "ship in part"): "confirmed",
    ("new", "change"): "new",
    ("confirmed", "change"): "confirmed",
    ("new", "cancel"): "cancelled",
    ("confirmed", "cancel"): "cancelled",
    ("shipped", "deliver"): "delivered",
    ("shipped", "return"): "returned",
    ("delivered", "return"): "returned",
}
STEPS = st.one_of(
    st.tuples(st.just("place"), st.integers(1, 4)),
    st.tuples(st.sampled_from(["confirm", "ship", "deliver", "cancel"]), st.integers(0, 4)),
)
AT_ONCE = 8


@given(st.sampled_from(OrderStatus), st.sampled_from(Move))
def test_no_move_is_legal_but_the_written_ones(status: OrderStatus, move: Move) -> None:
    expected = NEXT.get((status.value, move.value))
    try:
        assert states.after(status.value, move).value == expected
    except IllegalMove:
        assert expected is None


def place(product_id: UUID, contact_id: UUID, quantity: int) -> UUID:
    wanted = [Wanted(product_id, quantity)]
    return perform(lambda session: placing.place(session, SYSTEM, contact_id=contact_id, lines=wanted).id)


def move(step: str, order_id: UUID) -> None:
    def work(session: object) -> None:
        facts = {"carrier": "DPD"} if step == "ship" else {}
        verb = cancelling.cancel if step == "cancel" else getattr(moving, step)
        verb(session, SYSTEM, order_id=order_id, **facts)

    perform(work)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=1, max_size=14))
def test_stock_and_states_agree_with_a_ledger_after_any_steps(database: Database, steps: list[tuple[str, int]]) -> None:
    with transaction() as session:
        ben = a_customer(session)
        code = f"P{session.scalar(select(func.count()).select_from(StockItem))}"
        product = a_product(session, code, stock=6)
    on_hand, orders = 6, dict[UUID, tuple[str, int]]()
    for step, number in steps:
        held = sum(quantity for status, quantity in orders.values() if status in {"new", "confirmed"})
        try:
            if step == "place":
                orders[place(product.id, ben.id, number)] = ("new", number)
                assert held + number <= on_hand
            elif orders:
                order_id = list(orders)[number % len(orders)]
                status, quantity = orders[order_id]
                move(step, order_id)
                orders[order_id] = (NEXT[status, step], quantity)
                on_hand -= quantity if step == "ship" else 0
        except OutOfStock:
            assert held + number > on_hand
        except IllegalMove:
            assert (status, step) not in NEXT
    with reading() as session:
        item = session.scalars(select(StockItem).where(StockItem.product_id == product.id)).one()
        found = dict(session.execute(select(Order.id, Order.status).where(Order.contact_id == ben.id)).all())
    assert found == {order_id: status for order_id, (status, _) in orders.items()}
    held = sum(quantity for status, quantity in orders.values() if status in {"new", "confirmed"})
    assert (item.on_hand, item.reserved) == (on_hand, held)


def test_of_forty_buyers_for_five_pieces_five_are_served(committed: Database) -> None:
    with transaction() as session:
        buyers = [a_customer(session, f"Buyer {n}").id for n in range(40)]
        espresso = a_product(session, stock=5).id
        mug = a_product(session, "MUG-01", "Pine mug", stock=1000).id
    together = threading.Barrier(AT_ONCE)

    def buy(n: int) -> str:
        lines = [Wanted(espresso, 1), Wanted(mug, 1)]
        if n < AT_ONCE:
            together.wait(timeout=20)
        try:  # half of them name the products the other way round: they must not wait for each other in a circle
            perform(
                lambda session: placing.place(session, SYSTEM, contact_id=buyers[n], lines=lines[:: 1 if n % 2 else -1])
            )
        except OutOfStock as error:
            return error.code
        return "served"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = Counter(pool.map(buy, range(40)))
    with reading() as session:
        numbers = sorted(int(number) for number in session.scalars(select(Order.number)))
        left = {item.product_id: (item.on_hand, item.reserved) for item in session.scalars(select(StockItem))}
        placed = session.scalar(select(func.count()).where(Interaction.kind == "order.placed"))
    assert outcomes == {"served": 5, "order.out-of-stock": 35}
    assert left == {espresso: (5, 5), mug: (1000, 5)}
    assert (numbers, placed) == ([1001, 1002, 1003, 1004, 1005], 5)


def test_an_order_that_is_shipped_twice_at_once_tells_its_customer_once(committed: Database) -> None:
    with transaction() as session:
        order_id = an_order(session, a_customer(session, phone="+447700900201"), "1042").id
    together = threading.Barrier(4)

    def ship(_: int) -> str:
        together.wait(timeout=20)
        try:
            move("ship", order_id)
        except DomainError as error:
            return error.code
        return "shipped"

    with ThreadPoolExecutor(4) as pool:
        outcomes = Counter(pool.map(ship, range(4)))
    assert outcomes == {"shipped": 1, "order.illegal-move": 3}
    with reading() as session:
        for counted in (Delivery, Shipment):
            assert session.scalar(select(func.count()).select_from(counted)) == 1
        facts = Counter(session.scalars(select(Interaction.kind)))
    assert (facts["order.shipped"], facts["delivery.queued"]) == (1, 1)
