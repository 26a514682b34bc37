"""Moving an order along: confirmed, shipped, delivered, cancelled. Each move locks it, so two at once are one."""

from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.contacts.models import Contact
from mcrm.deliveries import outbox
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.orders import phrases, service, states, wordings
from mcrm.orders.models import Order, OrderLine, OrderStatus, Shipment
from mcrm.orders.states import Move
from mcrm.stock import service as stock


def confirm(session: Session, actor: Actor, *, order_id: UUID) -> Order:
    """The business accepts the order. Raises OrderUnknown, IllegalMove."""
    order = service.reachable(session, actor, order_id, lock=True)
    return _move(session, actor, order, Move.CONFIRM, Kind.ORDER_CONFIRMED)


def ship(
    session: Session,
    actor: Actor,
    *,
    order_id: UUID,
    carrier: str,
    tracking_number: str | None = None,
    expected_on: date | None = None,
) -> Shipment:
    """The order leaves; its customer is told once, by push, else Telegram, else SMS. Raises OrderUnknown, IllegalMove.

    An order that nobody confirmed is confirmed by being shipped.
    """
    order = service.reachable(session, actor, order_id, lock=True)
    if order.status == OrderStatus.NEW:
        _move(session, actor, order, Move.CONFIRM, Kind.ORDER_CONFIRMED)
    payload = {"carrier": carrier, "expected_on": expected_on and expected_on.isoformat()}
    _move(session, actor, order, Move.SHIP, Kind.ORDER_SHIPPED, **payload)
    order.expected_on = expected_on or order.expected_on
    shipment = Shipment(
        order_id=order.id,
        carrier=carrier,
        tracking_number=tracking_number,
        expected_on=expected_on,
        shipped_at=clock.now(),
    )
    session.add(shipment)
    session.flush()
    stock.ship(session, _line_ids(session, order), order_id=order.id)
    _tell_customer(session, actor, order, shipment)
    return shipment


def deliver(session: Session, actor: Actor, *, order_id: UUID) -> Order:
    """The order has arrived. Raises OrderUnknown, IllegalMove."""
    order = service.reachable(session, actor, order_id, lock=True)
    _move(session, actor, order, Move.DELIVER, Kind.ORDER_DELIVERED)
    for shipment in session.scalars(select(Shipment).where(Shipment.order_id == order.id)):
        shipment.delivered_at = shipment.delivered_at or clock.now()
    return order


def cancel(session: Session, actor: Actor, *, order_id: UUID, reason: str | None = None) -> Order:
    """The order will not happen; what was held for it is given back. Raises OrderUnknown, IllegalMove."""
    order = service.reachable(session, actor, order_id, lock=True)
    _move(session, actor, order, Move.CANCEL, Kind.ORDER_CANCELLED, reason=reason)
    stock.give_back(session, _line_ids(session, order))
    return order


def _move(session: Session, actor: Actor, order: Order, move: Move, kind: Kind, **facts: Any) -> Order:
    order.status = states.after(order.status, move).value
    session.flush()
    about = About(contact_id=order.contact_id, account_id=order.account_id, subject=("order", order.id))
    payload = {"number": order.number} | {name: value for name, value in facts.items() if value is not None}
    log.append(session, actor, kind, about=about, payload=payload)
    return order


def _line_ids(session: Session, order: Order) -> list[UUID]:
    return list(session.scalars(select(OrderLine.id).where(OrderLine.order_id == order.id)))


def _tell_customer(session: Session, actor: Actor, order: Order, shipment: Shipment) -> None:
    locale = session.scalar(select(Contact.locale).where(Contact.id == order.contact_id))
    outbox.tell(
        session,
        actor,
        contact_id=order.contact_id,
        text=phrases.on_its_way(order.number, shipment.carrier, shipment.expected_on, locale),
        title=phrases.TITLE,
        kind="order.shipped",
        dedupe_key=f"order.shipped:{order.id}",
        data={"event": "order.shipped", "id": str(order.id)},
        collapse_key=f"order-{order.number}",
        ttl_s=24 * 3600,
        wordings=wordings.shipped(session, order, shipment),
    )
