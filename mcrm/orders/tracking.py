"""Where is my order? What a customer may hear of it by how surely we know who asks.

By the channel's address alone (level 1): status, expected date and lines of the own orders, never prices or addresses.
An order of somebody else is exactly like one that does not exist.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.orders import service
from mcrm.orders.errors import OrderUnknown
from mcrm.orders.models import Order, OrderKind, OrderLine, OrderStatus, Shipment

OPEN = (OrderStatus.NEW, OrderStatus.CONFIRMED, OrderStatus.SHIPPED)


@dataclass(frozen=True, slots=True)
class TrackedLine:
    """What was ordered, and how many of it."""

    description: str
    quantity: int


@dataclass(frozen=True, slots=True)
class TrackedOrder:
    """What may be said of an order at level 1: no prices, no addresses."""

    id: UUID
    number: str
    status: str
    placed_at: datetime
    expected_on: date | None
    carrier: str | None
    tracking_number: str | None
    lines: tuple[TrackedLine, ...]
    delivered_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether something is still to happen."""
        return self.status in OPEN


def track(session: Session, actor: Actor, *, number: str) -> TrackedOrder:
    """The actor's order of that number, however it was typed; raises OrderUnknown for unknown and foreign alike."""
    key = service.number_key(number)
    query = service.within_reach(_SHOWN, actor).where(_order.number_key == key).order_by(_order.placed_at.desc())
    found = _tracked(session, query.limit(1)) if key else []
    if not found:
        raise OrderUnknown(number=number)
    return found[0]


def orders_of_contact(session: Session, actor: Actor, limit: int = 5) -> list[TrackedOrder]:
    """The actor's newest orders, those still open first."""
    is_done = _order.status.not_in([status.value for status in OPEN])
    query = service.within_reach(_SHOWN, actor).where(_order.kind == OrderKind.ORDER.value)
    return _tracked(session, query.order_by(is_done, _order.placed_at.desc(), _order.id).limit(limit))


def is_own_number(session: Session, actor: Actor, number: str) -> bool:
    """Whether a word is the number of one of the actor's orders: then it needs no cue around it."""
    key = service.number_key(number)
    return bool(key) and session.scalar(service.orders_of(actor).where(Order.number_key == key).limit(1)) is not None


def _tracked(session: Session, query: Select[Any]) -> list[TrackedOrder]:
    session.flush()
    connection = session.connection()
    orders = connection.execute(query).all()
    ids = [order.id for order in orders]
    lines: dict[UUID, list[TrackedLine]] = {order_id: [] for order_id in ids}
    for order_id, description, quantity in connection.execute(_LINES, {"orders": ids}):
        lines[order_id].append(TrackedLine(description, quantity))
    carried = {row.order_id: row for row in connection.execute(_SHIPMENTS, {"orders": ids})}  # the last one counts
    return [
        TrackedOrder(
            id=order.id,
            number=order.number,
            status=order.status,
            placed_at=order.placed_at,
            expected_on=order.expected_on,
            carrier=carried[order.id].carrier if order.id in carried else None,
            tracking_number=carried[order.id].tracking_number if order.id in carried else None,
            lines=tuple(lines[order.id]),
            delivered_at=carried[order.id].delivered_at if order.id in carried else None,
        )
        for order in orders
    ]


_order, _line, _shipment = Order.__table__.c, OrderLine.__table__.c, Shipment.__table__.c
_SHOWN = select(_order.id, _order.number, _order.status, _order.placed_at, _order.expected_on)
_LINES = (
    select(_line.order_id, _line.description, _line.quantity)
    .where(_line.order_id.in_(bindparam("orders", expanding=True)))
    .order_by(_line.order_id, _line.line_number)
)
_SHIPMENTS = (
    select(_shipment.order_id, _shipment.carrier, _shipment.tracking_number, _shipment.delivered_at)
    .where(_shipment.order_id.in_(bindparam("orders", expanding=True)))
    .order_by(_shipment.id)
)
