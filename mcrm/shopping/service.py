"""What customers do with orders of their own, through the app and in chats alike.

Prices, stock and states are those of every other door; what is said here is which steps belong together.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.carriers import service as carriers
from mcrm.carriers.models import TrackingEvent
from mcrm.contacts import service as contacts
from mcrm.invoices import service as invoices
from mcrm.orders import cancelling, changing, placing, reordering
from mcrm.orders import service as orders
from mcrm.orders.changing import Change
from mcrm.orders.lines import Pieces
from mcrm.orders.models import Order, Shipment
from mcrm.payments import service as payments
from mcrm.pricing import service as pricing
from mcrm.pricing.rules import Wanted
from mcrm.pricing.service import Quotation
from mcrm.shopping.errors import PriceMoved


@dataclass(frozen=True, slots=True)
class Repeat:
    """What ordering the same again would cost now, and the descriptions of what is not sold any more."""

    quotation: Quotation
    gone: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Carried:
    """A shipment and what its carrier reported, the latest first."""

    shipment: Shipment
    events: tuple[TrackingEvent, ...]


def place(
    session: Session,
    actor: Actor,
    *,
    contact_id: UUID,
    lines: Sequence[Wanted],
    expected_total: int | None = None,
    **facts: Any,
) -> tuple[Order, Sequence[Any]]:
    """Place an order; with `expected_total` only if it costs just that. The order and its lines.

    Raises PriceMoved, and what `orders.placing.place_lines` raises.
    """
    order, lines_ = placing.place_lines(session, actor, contact_id=contact_id, lines=lines, **facts)
    _check_total(order, expected_total)
    return order, lines_


def cancel(
    session: Session,
    actor: Actor,
    *,
    order_id: UUID,
    reason: str | None = None,
    lines: Sequence[Pieces] | None = None,
) -> Order:
    """Cancel an order that has not left, or pieces of it; what it costs less need not be paid.

    Raises what `orders.cancelling.cancel` raises.
    """
    order = cancelling.cancel(session, actor, order_id=order_id, reason=reason, lines=lines)
    payments.settle(session, order)
    return order


def change(
    session: Session,
    actor: Actor,
    *,
    order_id: UUID,
    changes: Sequence[Change],
    check: Callable[[Order], None] | None = None,
) -> Order:
    """Change lines of an order while nothing has left; `check` may refuse the locked order (a stale copy).

    Raises OrderUnknown, what `orders.changing.change_lines` raises, and AlreadyInvoiced where an invoice covers less.
    """
    order = orders.reachable(session, actor, order_id, lock=True)
    if check is not None:
        check(order)
    before = order.total
    changing.change_lines(session, actor, order, changes)
    if order.total > before:
        invoices.check_covered(session, order)
    payments.settle(session, order)
    return order


def repeat(session: Session, actor: Actor, *, order_id: UUID) -> Repeat:
    """What ordering the same again would cost. Raises OrderUnknown, NothingToRepeat."""
    found = reordering.again(session, actor, order_id=order_id)
    account_id = contacts.account_of(session, actor, found.order.contact_id)
    quotation = pricing.quote(session, actor, account_id=account_id, lines=found.wanted)
    return Repeat(quotation, found.gone)


def order_again(
    session: Session, actor: Actor, *, order_id: UUID, expected_total: int | None = None
) -> tuple[Order, tuple[str, ...]]:
    """Order the same again at today's prices; the new order, and what is gone. Raises as `repeat` and `place` do."""
    order, gone = reordering.reorder(session, actor, order_id=order_id)
    _check_total(order, expected_total)
    return order, gone


def carried(session: Session, actor: Actor, *, order_id: UUID) -> tuple[Order, list[Carried]]:
    """Where an order is: its shipments, the first first, each with its carrier's reports. Raises OrderUnknown."""
    order = orders.reachable(session, actor, order_id)
    shipments = orders.shipments_of(session, order.id)
    events: dict[UUID, list[TrackingEvent]] = {shipment.id: [] for shipment in shipments}
    for event in carriers.events_of(session, list(events)):
        events[event.shipment_id].append(event)
    latest_first = lambda event: (event.at, event.id)  # noqa: E731 - a key, and no more
    return order, [
        Carried(shipment, tuple(sorted(events[shipment.id], key=latest_first, reverse=True))) for shipment in shipments
    ]


def _check_total(order: Order, expected: int | None) -> None:
    """Whoever agreed to a price pays that one or is asked again."""
    if expected is not None and order.total != expected:
        raise PriceMoved(f"It costs {order.total} {order.currency} in minor units now.", field="expected_total")
