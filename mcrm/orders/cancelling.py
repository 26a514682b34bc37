"""Cancelling an order, or some pieces of it; and the orders that nobody confirmed in time."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import SYSTEM, Actor
from mcrm.interactions.kinds import Kind
from mcrm.orders import amounts, service, states
from mcrm.orders.errors import PartlyShipped
from mcrm.orders.lines import Pieces, chosen, locked_lines, still_open
from mcrm.orders.models import Order, OrderKind, OrderLine, OrderStatus
from mcrm.orders.moving import advance, settle
from mcrm.orders.states import Move
from mcrm.stock import service as stock

UNCONFIRMED = "not confirmed in time"


def cancel(
    session: Session,
    actor: Actor,
    *,
    order_id: UUID,
    reason: str | None = None,
    lines: Sequence[Pieces] | None = None,
) -> Order:
    """The order will not happen, or these pieces of it will not; what was held for them is given back.

    Pieces that are left may be cancelled after others were shipped; the whole order only before. Raises OrderUnknown,
    IllegalMove, PartlyShipped, LineUnknown, LineTwice, MoreThanOpen.
    """
    order = service.reachable(session, actor, order_id, lock=True)
    states.after(order.status, Move.CANCEL)
    there = locked_lines(session, order)
    is_untouched = not any(line.shipped_quantity for line in there)
    if lines is not None:
        pieces = chosen(there, lines, lambda line: line.open_quantity)
        if not is_untouched or pieces != still_open(there):
            return _cancel_some(session, actor, order, there, pieces, reason)
    if not is_untouched:
        raise PartlyShipped()
    return _cancel_all(session, actor, order, there, reason)


def expire(session: Session, hold: timedelta) -> bool:
    """Cancel one order that nobody confirmed within `hold` and give its stock back; whether there was one."""
    order = session.scalar(
        select(Order)
        .where(Order.status == OrderStatus.NEW.value, Order.kind == OrderKind.ORDER.value)
        .where(Order.placed_at < clock.now() - hold)
        .order_by(Order.placed_at, Order.id)
        .limit(1)
        .with_for_update(skip_locked=True, key_share=True)
        .execution_options(populate_existing=True)
    )
    if order is None:
        return False
    _cancel_all(session, SYSTEM, order, locked_lines(session, order), UNCONFIRMED)
    return True


def _cancel_all(session: Session, actor: Actor, order: Order, lines: Sequence[OrderLine], reason: str | None) -> Order:
    advance(session, actor, order, Move.CANCEL, Kind.ORDER_CANCELLED, reason=reason)
    stock.give_back(session, still_open(lines))
    return order


def _cancel_some(
    session: Session,
    actor: Actor,
    order: Order,
    lines: Sequence[OrderLine],
    pieces: Mapping[UUID, int],
    reason: str | None,
) -> Order:
    for line in lines:
        if line.id in pieces:
            amounts.shrink(line, line.live_quantity - pieces[line.id])
            line.cancelled_quantity += pieces[line.id]
    amounts.add_up(order, lines)
    stock.give_back(session, pieces)
    facts = {"pieces": sum(pieces.values()), "total": order.total, "reason": reason}
    advance(session, actor, order, Move.CHANGE, Kind.ORDER_PART_CANCELLED, **facts)
    settle(session, actor, order)
    return order
