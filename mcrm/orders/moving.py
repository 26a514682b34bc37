"""Moving an order along: confirmed, shipped, delivered. Each move locks the order, so two at once are one."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.orders import news, service, states
from mcrm.orders.errors import AlreadyDelivered, ShipmentUnknown
from mcrm.orders.lines import Pieces, chosen, locked_lines, still_open, without
from mcrm.orders.models import Order, OrderLine, OrderStatus, Shipment, ShipmentLine
from mcrm.orders.states import Move
from mcrm.stock import service as stock


def confirm(session: Session, actor: Actor, *, order_id: UUID) -> Order:
    """The business accepts the order. Raises OrderUnknown, IllegalMove."""
    order = service.reachable(session, actor, order_id, lock=True)
    return advance(session, actor, order, Move.CONFIRM, Kind.ORDER_CONFIRMED)


def ship(
    session: Session,
    actor: Actor,
    *,
    order_id: UUID,
    carrier: str,
    tracking_number: str | None = None,
    expected_on: date | None = None,
    lines: Sequence[Pieces] | None = None,
) -> Shipment:
    """All that is left of the order leaves, or only these `lines`; its customer is told once per shipment.

    The order is shipped when nothing is left; until then it is confirmed. An order that nobody confirmed is confirmed
    by being shipped. Raises OrderUnknown, IllegalMove, LineUnknown, LineTwice, MoreThanOpen.
    """
    order = service.reachable(session, actor, order_id, lock=True)
    states.after(order.status, Move.SHIP)
    there = locked_lines(session, order)
    leaving = still_open(there) if lines is None else chosen(there, lines, lambda line: line.open_quantity)
    is_last = without(there, leaving)
    if order.status == OrderStatus.NEW:
        advance(session, actor, order, Move.CONFIRM, Kind.ORDER_CONFIRMED)
    payload = {"carrier": carrier, "expected_on": expected_on and expected_on.isoformat()}
    if is_last:
        advance(session, actor, order, Move.SHIP, Kind.ORDER_SHIPPED, **payload)
    else:
        pieces = sum(leaving.values())
        advance(session, actor, order, Move.SHIP_PART, Kind.ORDER_PART_SHIPPED, pieces=pieces, **payload)
    shipment = Shipment(
        order_id=order.id,
        carrier=carrier,
        tracking_number=tracking_number,
        expected_on=expected_on,
        shipped_at=clock.now(),
    )
    session.add(shipment)
    _leave(session, shipment, there, leaving)
    expect(session, order)
    news.on_its_way(
        session, actor, order, shipment, is_all=is_last and len(service.shipments_of(session, order.id)) == 1
    )
    return shipment


def deliver(session: Session, actor: Actor, *, order_id: UUID) -> Order:
    """The order has arrived, all of it. Raises OrderUnknown, IllegalMove."""
    order = service.reachable(session, actor, order_id, lock=True)
    advance(session, actor, order, Move.DELIVER, Kind.ORDER_DELIVERED)
    for shipment in service.shipments_of(session, order.id):
        shipment.delivered_at = shipment.delivered_at or clock.now()
    return order


def deliver_shipment(session: Session, actor: Actor, *, order_id: UUID, shipment_id: UUID) -> Shipment:
    """One shipment has arrived; with the last one the order has.

    Raises OrderUnknown, ShipmentUnknown, AlreadyDelivered.
    """
    order = service.reachable(session, actor, order_id, lock=True)
    shipment = session.get(Shipment, shipment_id, populate_existing=True)
    if shipment is None or shipment.order_id != order.id:
        raise ShipmentUnknown()
    if shipment.delivered_at is not None:
        raise AlreadyDelivered()
    arrived(session, actor, order, shipment, at=clock.now())
    return shipment


def arrived(session: Session, actor: Actor, order: Order, shipment: Shipment, *, at: datetime) -> None:
    """Note a shipment's arrival, and the order's with it when it was the last. The caller holds the order's lock."""
    shipment.delivered_at = at
    payload = {"number": order.number, "shipment_id": str(shipment.id)}
    log.append(session, actor, Kind.SHIPMENT_DELIVERED, about=about(order), payload=payload)
    settle(session, actor, order)


def settle(session: Session, actor: Actor, order: Order) -> None:
    """Let the order follow its parts: shipped when all that is wanted has left, delivered when all of that arrived."""
    session.flush()
    lines, shipments = locked_lines(session, order), service.shipments_of(session, order.id)
    if order.status == OrderStatus.CONFIRMED and shipments and without(lines, {}):
        advance(session, actor, order, Move.SHIP, Kind.ORDER_SHIPPED)
    if order.status == OrderStatus.SHIPPED and shipments and all(shipment.delivered_at for shipment in shipments):
        advance(session, actor, order, Move.DELIVER, Kind.ORDER_DELIVERED)


def expect(session: Session, order: Order) -> None:
    """The order is expected when the last shipment under way is; without any word, as before."""
    session.flush()
    dates = [
        shipment.expected_on for shipment in service.shipments_of(session, order.id) if shipment.delivered_at is None
    ]
    order.expected_on = max((day for day in dates if day is not None), default=order.expected_on)


def advance(session: Session, actor: Actor, order: Order, move: Move, kind: Kind, **facts: Any) -> Order:
    """Make a legal move and log it; raises IllegalMove. The order's revision grows even if its status stays."""
    order.status = states.after(order.status, move).value
    order.updated_at = clock.now()
    session.flush()
    payload = {"number": order.number} | {name: value for name, value in facts.items() if value is not None}
    log.append(session, actor, kind, about=about(order), payload=payload)
    return order


def about(order: Order) -> About:
    """Whom and what a fact of this order concerns."""
    return About(contact_id=order.contact_id, account_id=order.account_id, subject=("order", order.id))


def _leave(session: Session, shipment: Shipment, lines: Sequence[OrderLine], leaving: dict[UUID, int]) -> None:
    session.flush()
    for line in lines:
        if pieces := leaving.get(line.id):
            line.shipped_quantity += pieces
            session.add(ShipmentLine(shipment_id=shipment.id, order_line_id=line.id, quantity=pieces))
    stock.ship(session, leaving, shipment_id=shipment.id)
