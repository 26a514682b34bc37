"""At the till: orders with lines, and their money, through the use cases and through the door."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from mcrm.actors import SYSTEM
from mcrm.contacts.models import Contact
from mcrm.ids import new_id
from mcrm.invoices.service import Seller
from mcrm.orders import placing
from mcrm.orders.models import Order, OrderKind, OrderLine
from mcrm.orders.placing import Wanted
from mcrm.stock import moving as stock
from tests.callers import Caller

SELLER = Seller("Harbour & Pine", ("1 Quay Street", "Bristol BS1 4ND"), "GB 123 4567 89", ZoneInfo("Europe/London"))
GBP = {"currency": "GBP"}


def a_sale(session: Session, customer: Contact, *lines: tuple[UUID, int]) -> Order:
    """An order of these products, placed at the prices in force."""
    wanted = [Wanted(product_id, quantity) for product_id, quantity in lines]
    return placing.place(session, SYSTEM, contact_id=customer.id, lines=wanted)


def a_credit_order(session: Session, customer: Contact, total: int = 900, of: Order | None = None) -> Order:
    """What the business owes somebody, perhaps for an order, as an order of kind credit with one line."""
    facts = {"kind": OrderKind.CREDIT.value, "reference": of and of.number}
    order = a_bare_order(session, customer, number=f"C-{new_id()}", total=-total, **facts)
    line = OrderLine(
        order_id=order.id, line_number=1, description="Mug, broken", quantity=-1, unit_price=total, total=-total
    )
    session.add(line)
    session.flush()
    return order


def a_bare_order(session: Session, customer: Contact, *, number: str, total: int, **facts: Any) -> Order:
    """An order without lines."""
    people = {"account_id": customer.account_id, "contact_id": customer.id}
    order = Order(
        number=number, number_key=number, total=total, placed_at=customer.created_at, **people, **GBP, **facts
    )
    session.add(order)
    session.flush()
    return order


def receive(session: Session, product_id: UUID, pieces: int) -> None:
    """So many pieces come into stock, with their movement."""
    stock.move(session, SYSTEM, product_id=product_id, quantity=pieces, reason="opening stock")


def pay(caller: Caller, order: Order, amount: int, method: str = "cash", **facts: Any) -> Any:
    """The answer to a payment."""
    return caller.post(f"/v1/orders/{order.id}/payments", {"method": method, "amount": amount, **GBP, **facts})


def refund(caller: Caller, order: Order, amount: int, method: str = "cash", **facts: Any) -> Any:
    """The answer to a refund."""
    return caller.post(f"/v1/orders/{order.id}/refunds", {"method": method, "amount": amount, **GBP, **facts})
