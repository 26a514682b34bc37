"""Finding orders; `orders_of` is the one place that says which orders somebody sees."""

import re
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, CompoundSelect, Select, bindparam, select
from sqlalchemy.orm import Session

from mcrm.accounts.models import Account
from mcrm.actors import Actor, Role
from mcrm.contacts.people import is_person
from mcrm.orders.errors import OrderUnknown
from mcrm.orders.models import Order, OrderLine, Shipment, ShipmentLine

LONGEST_NUMBER = 40
TABLE = Order.__table__
ORDERS = select(Order)
IGNORED = re.compile(r"[\s#\-‐‑–—]")


def number_key(number: str) -> str:
    """A number as it is compared: upper case, without `#`, spaces and dashes of any kind."""
    return IGNORED.sub("", number).upper()[:LONGEST_NUMBER]


def orders_of(actor: Actor) -> Select[Order]:
    """The orders within the actor's reach: all, those of the granted territories, or the customer's own."""
    return within_reach(ORDERS, actor)


def within_reach(query: Select[Any], actor: Actor) -> Select[Any]:
    """A select of orders, or of columns of them, narrowed to the actor's reach.

    Conditions are on the tables, not the mapped classes: a select of plain columns stays one that the session need
    not look through for entities, which costs as much again as the query itself.
    """
    if actor.sees_all:
        return query
    if actor.role is Role.CUSTOMER:
        return query.where(is_person(TABLE.c.contact_id, actor.contact_id))
    accounts = Account.__table__
    mine = accounts.c.territory_id.in_(actor.territory_ids)
    return query.join_from(TABLE, accounts, accounts.c.id == TABLE.c.account_id).where(mine)


def numbered(words: str) -> Select[UUID]:
    """The ids of the orders of this number, however it is written."""
    return select(TABLE.c.id).where(TABLE.c.number_key == number_key(words))


def found_by(words: str) -> CompoundSelect[UUID]:
    """The ids of the orders of this number, or with a shipment of this tracking number."""
    return numbered(words).union(select(Shipment.order_id).where(tracked_as(words)))


def tracked_as(words: str) -> ColumnElement[bool]:
    """Whether a shipment has this tracking number, which carriers write in capitals and without spaces."""
    return Shipment.tracking_number.in_({words.strip(), words.strip().upper(), "".join(words.split()).upper()})


def reachable(session: Session, actor: Actor, order_id: UUID, *, lock: bool = False) -> Order:
    """The order, locked against other movers if asked; raises OrderUnknown for unknown and foreign ids alike."""
    query = orders_of(actor).where(Order.id == order_id)
    if lock:
        query = query.with_for_update(of=Order, key_share=True).execution_options(populate_existing=True)
    order = session.scalar(query)
    if order is None:
        raise OrderUnknown()
    return order


def lines_of(session: Session, order_ids: Sequence[UUID]) -> dict[UUID, list[OrderLine]]:
    """The lines of these orders, in their order."""
    found: dict[UUID, list[OrderLine]] = {order_id: [] for order_id in order_ids}
    for line in session.scalars(_LINES, {"orders": order_ids}):
        found[line.order_id].append(line)
    return found


def shipments_of(session: Session, order_id: UUID) -> Sequence[Shipment]:
    """The shipments of an order, the first first."""
    return session.scalars(select(Shipment).where(Shipment.order_id == order_id).order_by(Shipment.id)).all()


def contents_of(session: Session, shipment_id: UUID) -> Sequence[ShipmentLine]:
    """What was in a shipment; nothing for one from before contents were kept."""
    query = select(ShipmentLine).where(ShipmentLine.shipment_id == shipment_id).order_by(ShipmentLine.id)
    return session.scalars(query).all()


_LINES = (
    select(OrderLine)
    .where(OrderLine.order_id.in_(bindparam("orders", expanding=True)))
    .order_by(OrderLine.order_id, OrderLine.line_number)
)
