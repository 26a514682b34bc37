"""Placing an order: prices, stock and number in one transaction, so that nobody is promised what is not there."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact
from mcrm.ids import new_id
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.orders.errors import MixedCurrencies, OrderEmpty, OrderTooLarge
from mcrm.orders.models import Order, OrderLine
from mcrm.orders.numbers import next_order_number
from mcrm.orders.service import number_key
from mcrm.products import pricing
from mcrm.products import service as products
from mcrm.products.errors import ProductUnknown, ProductWithoutPrice
from mcrm.stock import service as stock
from mcrm.transaction import insert_rows

LARGEST_TOTAL = 10**15  # minor units; what the wire promises, and far below what 64 bits and JavaScript hold


@dataclass(frozen=True, slots=True)
class Wanted:
    """One line that somebody wants: a product and how many of it; `id` where a device has made the line already."""

    product_id: UUID
    quantity: int
    id: UUID | None = None


def place(
    session: Session, actor: Actor, *, contact_id: UUID, lines: Sequence[Wanted], id: UUID | None = None, **facts: Any
) -> Order:
    """Place an order for a contact within the actor's reach.

    Raises ContactUnknown, ProductUnknown, ProductWithoutPrice, OutOfStock (naming the line), MixedCurrencies,
    OrderEmpty, OrderTooLarge. Prices are of the lists in force now, whatever anybody was shown before.
    """
    if not lines:
        raise OrderEmpty(field="lines")
    contact = contacts.reachable(session, actor, contact_id, field="contact_id")
    names = _names(session, lines)
    priced = _priced(session, contact.account_id, lines)
    total = sum(price.unit_price * line.quantity for price, line in zip(priced, lines, strict=True))
    if total > LARGEST_TOTAL:
        raise OrderTooLarge(field="lines")
    fields = {line.product_id: f"lines.{index}.quantity" for index, line in enumerate(lines)}
    wanted = Counter[UUID]()
    for line in lines:
        wanted[line.product_id] += line.quantity
    items = stock.reserve(session, wanted, fields=fields)
    order = _order(contact, priced, id or new_id(), next_order_number(session), facts | {"total": total})
    session.add(order)
    session.flush()
    rows = [_line(order, number, line, names, priced[number - 1]) for number, line in enumerate(lines, 1)]
    insert_rows(session, OrderLine, rows)
    stock.hold(
        session, [(items[row["product_id"]], row["id"], row["quantity"]) for row in rows if row["product_id"] in items]
    )
    log.append(
        session,
        actor,
        Kind.ORDER_PLACED,
        about=About(contact_id=contact.id, account_id=contact.account_id, subject=("order", order.id)),
        payload={"number": order.number, "total": order.total, "currency": order.currency, "lines": len(rows)},
    )
    return order


def _names(session: Session, lines: Sequence[Wanted]) -> dict[UUID, str]:
    """What is sold under these ids; a line keeps the name it was sold under."""
    found = products.names_on_sale(session, {line.product_id for line in lines})
    for index, line in enumerate(lines):
        if line.product_id not in found:
            raise ProductUnknown(field=f"lines.{index}.product_id")
    return found


def _priced(session: Session, account_id: UUID, lines: Sequence[Wanted]) -> list[pricing.Price]:
    in_force = pricing.prices_in_force(session, account_id, [line.product_id for line in lines], at=clock.now())
    chosen: list[pricing.Price] = []
    for index, line in enumerate(lines):
        currency = chosen[0].currency if chosen else None
        price = pricing.choose(in_force, product_id=line.product_id, quantity=line.quantity, currency=currency)
        if price is None:
            elsewhere = pricing.choose(in_force, product_id=line.product_id, quantity=line.quantity, currency=None)
            raise (MixedCurrencies if elsewhere else ProductWithoutPrice)(field=f"lines.{index}.product_id")
        chosen.append(price)
    return chosen


def _order(contact: Contact, priced: Sequence[pricing.Price], id: UUID, number: str, facts: dict[str, Any]) -> Order:
    return Order(
        id=id,
        number=number,
        number_key=number_key(number),
        contact_id=contact.id,
        account_id=contact.account_id,
        currency=priced[0].currency,
        placed_at=clock.now(),
        **facts,
    )


def _line(order: Order, number: int, line: Wanted, names: dict[UUID, str], price: pricing.Price) -> dict[str, Any]:
    now = order.placed_at
    return {
        "id": line.id or new_id(),
        "rev": 1,
        "created_at": now,
        "updated_at": now,
        "order_id": order.id,
        "line_number": number,
        "product_id": line.product_id,
        "description": names[line.product_id],
        "quantity": line.quantity,
        "unit_price": price.unit_price,
        "total": price.unit_price * line.quantity,
    }
