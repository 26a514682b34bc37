"""Where is my order? What a customer may hear of it by how surely we know who asks.

By the channel's address alone (level 1): status, expected date and lines of the own orders, never prices or addresses.
An order of somebody else is exactly like one that does not exist.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.orders import service
from mcrm.orders.errors import OrderUnknown
from mcrm.orders.models import Order, OrderKind, OrderStatus, Shipment

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

    @property
    def is_open(self) -> bool:
        """Whether something is still to happen."""
        return self.status in OPEN


def track(session: Session, actor: Actor, *, number: str) -> TrackedOrder:
    """The actor's order of that number, however it was typed; raises OrderUnknown for unknown and foreign alike."""
    key = service.number_key(number)
    query = service.orders_of(actor).where(Order.number_key == key).order_by(Order.placed_at.desc()).limit(1)
    order = session.scalar(query) if key else None
    if order is None:
        raise OrderUnknown(number=number)
    return _tracked(session, [order])[0]


def orders_of_contact(session: Session, actor: Actor, limit: int = 5) -> list[TrackedOrder]:
    """The actor's newest orders, those still open first."""
    is_done = Order.status.not_in([status.value for status in OPEN])
    query = service.orders_of(actor).where(Order.kind == OrderKind.ORDER.value)
    return _tracked(
        session, session.scalars(query.order_by(is_done, Order.placed_at.desc(), Order.id).limit(limit)).all()
    )


def is_own_number(session: Session, actor: Actor, number: str) -> bool:
    """Whether a word is the number of one of the actor's orders: then it needs no cue around it."""
    key = service.number_key(number)
    return bool(key) and session.scalar(service.orders_of(actor).where(Order.number_key == key).limit(1)) is not None


def _tracked(session: Session, orders: Sequence[Order]) -> list[TrackedOrder]:
    ids = [order.id for order in orders]
    lines = service.lines_of(session, ids)
    shipments = {
        shipment.order_id: shipment
        for shipment in session.scalars(select(Shipment).where(Shipment.order_id.in_(ids)).order_by(Shipment.id))
    }
    return [
        TrackedOrder(
            id=order.id,
            number=order.number,
            status=order.status,
            placed_at=order.placed_at,
            expected_on=order.expected_on,
            carrier=shipments[order.id].carrier if order.id in shipments else None,
            tracking_number=shipments[order.id].tracking_number if order.id in shipments else None,
            lines=tuple(TrackedLine(line.description, line.quantity) for line in lines[order.id]),
        )
        for order in orders
    ]
