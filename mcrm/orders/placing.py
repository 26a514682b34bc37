"""Placing an order: prices, stock and number in one transaction, so that nobody is promised what is not there.

`draft` says what it costs, `book` makes it so: a quote keeps a draft and books it later, at its own prices.
"""

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
from mcrm.orders import amounts
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
    """One line that somebody wants: a product and how many of it."""

    product_id: UUID
    quantity: int


@dataclass(frozen=True, slots=True)
class Draft:
    """Priced lines that nobody has ordered yet.

    A line is the columns of its order line but for what `book` gives it; `money` the amounts of the order by column.
    """

    currency: str
    money: dict[str, int]
    lines: list[dict[str, Any]]


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
    return book(session, actor, contact, draft(session, actor, contact.account_id, lines), id=id, **facts)


def draft(session: Session, actor: Actor, account_id: UUID, lines: Sequence[Wanted]) -> Draft:
    """What these lines cost an account now, sold by this actor.

    Raises ProductUnknown, ProductWithoutPrice, MixedCurrencies (naming the line), OrderTooLarge.
    """
    names = _names(session, lines)
    priced = _priced(session, account_id, lines)
    rows = [_line(line, names, price) for line, price in zip(lines, priced, strict=True)]
    money = amounts.sums(rows)
    if money["total"] > LARGEST_TOTAL:
        raise OrderTooLarge(field="lines")
    return Draft(priced[0].currency, money, rows)


def book(
    session: Session, actor: Actor, contact: Contact, drafted: Draft, *, id: UUID | None = None, **facts: Any
) -> Order:
    """Make an order of a draft: stock, number, rows and log. Raises OutOfStock, naming the line."""
    fields = {line["product_id"]: f"lines.{index}.quantity" for index, line in enumerate(drafted.lines)}
    wanted = Counter[UUID]()
    for line in drafted.lines:
        wanted[line["product_id"]] += line["quantity"]
    taken = stock.reserve(session, wanted, fields=fields)
    order = _order(contact, drafted, id or new_id(), next_order_number(session), facts)
    session.add(order)
    session.flush()
    rows = line_rows(order, drafted.lines)
    insert_rows(session, OrderLine, rows)
    stock.hold(session, [(row["id"], row["product_id"], row["quantity"]) for row in rows], taken)
    log.append(
        session,
        actor,
        Kind.ORDER_PLACED,
        about=About(contact_id=contact.id, account_id=contact.account_id, subject=("order", order.id)),
        payload={"number": order.number, "total": order.total, "currency": order.currency, "lines": len(rows)},
    )
    return order


def line_rows(order: Order, lines: Sequence[dict[str, Any]], *, after: int = 0) -> list[dict[str, Any]]:
    """The rows of an order's new lines, numbered from `after` + 1."""
    now = clock.now()
    return [
        {
            "id": new_id(),
            "rev": 1,
            "created_at": now,
            "updated_at": now,
            "order_id": order.id,
            "line_number": number,
            **line,
        }
        for number, line in enumerate(lines, after + 1)
    ]


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


def _order(contact: Contact, drafted: Draft, id: UUID, number: str, facts: dict[str, Any]) -> Order:
    return Order(
        id=id,
        number=number,
        number_key=number_key(number),
        contact_id=contact.id,
        account_id=contact.account_id,
        currency=drafted.currency,
        placed_at=clock.now(),
        **drafted.money,
        **facts,
    )


def _line(line: Wanted, names: dict[UUID, str], price: pricing.Price) -> dict[str, Any]:
    return {
        "product_id": line.product_id,
        "description": names[line.product_id],
        "quantity": line.quantity,
        "unit_price": price.unit_price,
        "total": price.unit_price * line.quantity,
    }
