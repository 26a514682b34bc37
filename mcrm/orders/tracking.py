"""Where is my order: what its customer may know of it, never prices or addresses."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session, selectinload

from mcrm.actors import Actor
from mcrm.errors import NotFound
from mcrm.orders.models import Order, OrderKind


class OrderUnknown(NotFound):
    """There is no such order of yours."""

    code = "order.unknown"


@dataclass(frozen=True, slots=True)
class TrackedLine:
    """One line without its price."""

    description: str
    quantity: int


@dataclass(frozen=True, slots=True)
class TrackedOrder:
    """What level 1 may see of an order."""

    id: UUID
    number: str
    status: str
    expected_on: date | None
    lines: tuple[TrackedLine, ...]


def canonical_number(number: str) -> str:
    """Upper case without `#`, spaces and dashes: the form in which numbers are compared."""
    return "".join(character for character in number.upper() if character not in "#-–— \t\n")


def track(session: Session, actor: Actor, *, number: str) -> TrackedOrder:
    """The acting customer's own order; raises OrderUnknown for an unknown one and for somebody else's alike."""
    query = _own(actor).where(Order.number_key == canonical_number(number)).limit(1)
    if (order := session.scalar(query)) is None:
        raise OrderUnknown
    return _tracked(order)


def orders_of_contact(session: Session, actor: Actor, limit: int = 5) -> list[TrackedOrder]:
    """The acting customer's latest orders, newest first."""
    return [_tracked(order) for order in session.scalars(_own(actor).limit(limit))]


def _own(actor: Actor) -> Select[Order]:
    return (
        select(Order)
        .where(Order.contact_id == actor.contact_id, Order.kind == OrderKind.ORDER.value)
        .order_by(Order.placed_at.desc(), Order.id.desc())
        .options(selectinload(Order.lines))
    )


def _tracked(order: Order) -> TrackedOrder:
    lines = tuple(TrackedLine(line.description, line.quantity) for line in order.lines)
    return TrackedOrder(order.id, order.number, order.status, order.expected_on, lines)
