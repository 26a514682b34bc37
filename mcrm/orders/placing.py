"""Placing an order: prices, stock and number in one transaction, so that nobody is promised what is not there."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import fields
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table
from sqlalchemy.orm import Session, make_transient_to_detached

from mcrm import clock
from mcrm.actors import Actor
from mcrm.contacts import service as contacts
from mcrm.db import Synced
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


def _blank(model: type[Synced]) -> dict[str, Any]:
    """What a new row has before anybody says more: plain defaults, and None where that is allowed."""
    columns = list(cast(Table, model.__table__).c)
    plain = {
        column.name: cast(Any, column.default).arg for column in columns if getattr(column.default, "is_scalar", False)
    }
    unsaid = [column for column in columns if column.default is None and column.server_default is None]
    return plain | {column.name: None for column in unsaid if column.nullable}


ORDER, LINE = _blank(Order), _blank(OrderLine)


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
    account_id = contacts.account_of(session, actor, contact_id, field="contact_id")
    quotation = pricing.quote(session, actor, account_id=account_id, lines=lines)
    items = _reserved(session, lines)
    about = {"contact_id": contact_id, "account_id": account_id}
    order = _stored(session, quotation.priced, {**about, "number": next_order_number(session), **facts}, id or new_id())
    rows = [
        _line(order, number, line, quotation.names[line.product_id])
        for number, line in enumerate(quotation.priced.lines, 1)
    ]
    insert_rows(session, OrderLine, rows)
    stock.hold(
        session, [(items[row["product_id"]], row["id"], row["quantity"]) for row in rows if row["product_id"] in items]
    )
    most = max(line.discount_basis_points for line in lines)
    given = {"discount_basis_points": most} if most else {}
    log.append(
        session,
        actor,
        Kind.ORDER_PLACED,
        about=About(**about, subject=("order", order.id)),
        payload={"number": order.number, "total": order.total, "currency": order.currency, "lines": len(rows)} | given,
    )
    return order, rows


def _reserved(session: Session, lines: Sequence[Wanted]) -> dict[UUID, UUID]:
    """Product id to the stock item that promises it, for those that are tracked; raises OutOfStock."""
    where = {line.product_id: f"lines.{index}.quantity" for index, line in enumerate(lines)}
    pieces = Counter[UUID]()
    for line in lines:
        pieces[line.product_id] += line.quantity
    return stock.reserve(session, pieces, fields=where)


def _stored(session: Session, priced: Priced, facts: dict[str, Any], id: UUID) -> Order:
    """The order, inserted past the unit of work, which would cost as much again as the statement."""
    now = clock.now()
    row = {
        **ORDER,
        "id": id,
        "created_at": now,
        "updated_at": now,
        "placed_at": now,
        "custom": {},
        "number_key": number_key(facts["number"]),
        "currency": priced.currency,
        "net_total": priced.net_total,
        "tax_total": priced.tax_total,
        "total": priced.total,
        **facts,
    }
    insert_rows(session, Order, [row])
    order = Order(**row)
    make_transient_to_detached(order)
    session.add(order)
    return order


def _line(order: Order, number: int, line: PricedLine, name: str) -> dict[str, Any]:
    now = order.placed_at
    head = LINE | {"id": new_id(), "created_at": now, "updated_at": now, "order_id": order.id}
    return head | {"line_number": number, "description": name} | {key: getattr(line, key) for key in PRICED}
