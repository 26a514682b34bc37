"""Placing an order: prices, stock and number in one transaction, so that nobody is promised what is not there."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
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
from mcrm.orders.errors import OrderEmpty
from mcrm.orders.models import Order, OrderLine
from mcrm.orders.numbers import next_order_number
from mcrm.orders.service import number_key
from mcrm.pricing import service as pricing
from mcrm.pricing.rules import Priced, PricedLine
from mcrm.pricing.rules import Wanted as Wanted
from mcrm.stock import service as stock
from mcrm.transaction import insert_rows

PRICED = tuple(field.name for field in fields(PricedLine) if field.name in OrderLine.__table__.c)
"""What a line keeps of its price: columns of the same names."""


def place(
    session: Session, actor: Actor, *, contact_id: UUID, lines: Sequence[Wanted], id: UUID | None = None, **facts: Any
) -> Order:
    """Place an order for a contact within the actor's reach.

    Raises ContactUnknown, ProductUnknown, ProductWithoutPrice, OutOfStock, DiscountBeyondLimit (naming the line),
    MixedCurrencies, OrderEmpty, TotalTooLarge. Prices are of the lists in force now, whatever anybody was shown before.
    """
    return place_lines(session, actor, contact_id=contact_id, lines=lines, id=id, **facts)[0]


def place_lines(
    session: Session, actor: Actor, *, contact_id: UUID, lines: Sequence[Wanted], id: UUID | None = None, **facts: Any
) -> tuple[Order, list[dict[str, Any]]]:
    """Place an order as `place` does; the order and the columns of its lines."""
    if not lines:
        raise OrderEmpty(field="lines")
    contact = contacts.reachable(session, actor, contact_id, field="contact_id")
    quotation = pricing.quote(session, actor, account_id=contact.account_id, lines=lines)
    where = {line.product_id: f"lines.{index}.quantity" for index, line in enumerate(lines)}
    pieces = Counter[UUID]()
    for line in lines:
        pieces[line.product_id] += line.quantity
    items = stock.reserve(session, pieces, fields=where)
    order = _order(contact, quotation.priced, id or new_id(), next_order_number(session), facts)
    session.add(order)
    session.flush()
    rows = [
        _line(order, number, line, quotation.names[line.product_id])
        for number, line in enumerate(quotation.priced.lines, 1)
    ]
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
    return order, rows


def _order(contact: Contact, priced: Priced, id: UUID, number: str, facts: dict[str, Any]) -> Order:
    return Order(
        id=id,
        number=number,
        number_key=number_key(number),
        contact_id=contact.id,
        account_id=contact.account_id,
        currency=priced.currency,
        net_total=priced.net_total,
        tax_total=priced.tax_total,
        total=priced.total,
        placed_at=clock.now(),
        **facts,
    )


def _line(order: Order, number: int, line: PricedLine, name: str) -> dict[str, Any]:
    now = order.placed_at
    head = {"id": new_id(), "rev": 1, "created_at": now, "updated_at": now, "order_id": order.id}
    return head | {"line_number": number, "description": name} | {key: getattr(line, key) for key in PRICED}
