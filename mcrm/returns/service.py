"""Returns: asked for, received, inspected line by line, closed with a credit. Never more comes back than was shipped.

Every step locks the order first, so that two returns of one order are decided one after the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor, Role
from mcrm.errors import Conflict
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.orders import moving
from mcrm.orders import service as orders
from mcrm.orders.lines import Pieces, chosen, locked_lines
from mcrm.orders.models import Order, OrderLine, OrderStatus, Shipment, ShipmentLine
from mcrm.orders.states import Move
from mcrm.returns import crediting, states
from mcrm.returns.errors import (
    InspectionIncomplete,
    MoreThanDelivered,
    MoreThanReturned,
    MoreThanShipped,
    NothingShipped,
    ReturnUnknown,
)
from mcrm.returns.models import Return, ReturnLine, ReturnReason, ReturnState, Verdict
from mcrm.returns.states import ReturnMove
from mcrm.stock import service as stock
from mcrm.stock.service import Inspected

TABLE = Return.__table__
ALL_THERE = (OrderStatus.DELIVERED, OrderStatus.RETURNED)
"""States of an order whose every piece has arrived, also of shipments from before contents were kept."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What the inspection says of one order line's returned pieces."""

    line_id: UUID
    verdict: Verdict
    refundable_quantity: int


def request(
    session: Session,
    actor: Actor,
    *,
    order_id: UUID,
    lines: Sequence[Pieces],
    reason: ReturnReason,
    detail: str | None = None,
) -> Return:
    """Goods are to come back: of what was shipped, or for customers of what they have.

    Raises OrderUnknown, NothingShipped, LineUnknown, LineTwice, MoreThanShipped, MoreThanDelivered.
    """
    order = orders.reachable(session, actor, order_id, lock=True)
    there = locked_lines(session, order)
    if order.status == OrderStatus.CANCELLED or not any(line.shipped_quantity for line in there):
        raise NothingShipped()
    gone = returned(session, order.id)
    most: dict[UUID, int] = {line.id: line.shipped_quantity for line in there}
    too_many: type[Conflict] = MoreThanShipped
    if actor.role is Role.CUSTOMER and order.status not in ALL_THERE:
        most, too_many = delivered(session, order.id), MoreThanDelivered
    pieces = chosen(there, lines, lambda line: most.get(line.id, 0) - gone.get(line.id, 0), too_many)
    made = Return(order_id=order.id, reason=reason.value, state=ReturnState.REQUESTED.value, detail=detail)
    session.add(made)
    session.flush()
    session.add_all(
        ReturnLine(return_id=made.id, order_line_id=line_id, quantity=quantity) for line_id, quantity in pieces.items()
    )
    facts = {"reason": reason.value, "pieces": sum(pieces.values())}
    _trace(session, actor, Kind.RETURN_REQUESTED, order, made, **facts)
    return made


def receive(session: Session, actor: Actor, *, return_id: UUID) -> Return:
    """The goods are here, not yet looked at. Raises ReturnUnknown, IllegalReturnMove."""
    order, found = _locked(session, actor, return_id)
    found.state = states.after(found.state, ReturnMove.RECEIVE).value
    _trace(session, actor, Kind.RETURN_RECEIVED, order, found)
    return found


def withdraw(session: Session, actor: Actor, *, return_id: UUID) -> Return:
    """They will not come back after all. Raises ReturnUnknown, IllegalReturnMove."""
    order, found = _locked(session, actor, return_id)
    found.state = states.after(found.state, ReturnMove.WITHDRAW).value
    _trace(session, actor, Kind.RETURN_WITHDRAWN, order, found)
    return found


def inspect(session: Session, actor: Actor, *, return_id: UUID, findings: Sequence[Finding]) -> Return:
    """Say what becomes of every line: back on the shelf or scrapped, and how many pieces are refunded. Stock follows.

    Raises ReturnUnknown, IllegalReturnMove, InspectionIncomplete, MoreThanReturned.
    """
    order, found = _locked(session, actor, return_id)
    state = states.after(found.state, ReturnMove.INSPECT)
    lines = {line.order_line_id: line for line in lines_of(session, found.id)}
    if sorted(finding.line_id for finding in findings) != sorted(lines):
        raise InspectionIncomplete(field="lines")
    inspected = []
    for index, finding in enumerate(findings):
        line = lines[finding.line_id]
        if finding.refundable_quantity > line.quantity:
            raise MoreThanReturned(field=f"lines.{index}.refundable_quantity")
        line.verdict, line.refundable_quantity = finding.verdict.value, finding.refundable_quantity
        restocked = line.quantity if finding.verdict is Verdict.RESTOCK else 0
        inspected.append(Inspected(line.order_line_id, restocked, line.quantity - restocked))
    stock.take_back(session, inspected, return_id=found.id)
    found.state = state.value
    facts = {
        "restocked": sum(line.restocked for line in inspected),
        "scrapped": sum(line.scrapped for line in inspected),
    }
    _trace(session, actor, Kind.RETURN_INSPECTED, order, found, **facts)
    return found


def close(session: Session, actor: Actor, *, return_id: UUID) -> Return:
    """Settle a return: a credit order for what is refunded; the order is returned once everything shipped came back.

    Raises ReturnUnknown, IllegalReturnMove.
    """
    order, found = _locked(session, actor, return_id)
    found.state = states.after(found.state, ReturnMove.CLOSE).value
    credit = crediting.credit(session, actor, order, found, lines_of(session, found.id))
    found.credit_order_id = None if credit is None else credit.id
    _trace(session, actor, Kind.RETURN_CLOSED, order, found, credit_order_id=credit and str(credit.id))
    if _is_all_back(session, order):
        moving.advance(session, actor, order, Move.RETURN, Kind.ORDER_RETURNED)
    return found


def returned(session: Session, order_id: UUID) -> dict[UUID, int]:
    """How many pieces of each line of an order have come back or are about to."""
    query = (
        select(ReturnLine.order_line_id, func.sum(ReturnLine.quantity))
        .join(Return, Return.id == ReturnLine.return_id)
        .where(Return.order_id == order_id, Return.state != ReturnState.WITHDRAWN.value)
        .group_by(ReturnLine.order_line_id)
    )
    return {line_id: int(pieces) for line_id, pieces in session.execute(query)}


def delivered(session: Session, order_id: UUID) -> dict[UUID, int]:
    """How many pieces of each line of an order were in shipments that have arrived."""
    query = (
        select(ShipmentLine.order_line_id, func.sum(ShipmentLine.quantity))
        .join(Shipment, Shipment.id == ShipmentLine.shipment_id)
        .where(Shipment.order_id == order_id, Shipment.delivered_at.is_not(None))
        .group_by(ShipmentLine.order_line_id)
    )
    return {line_id: int(pieces) for line_id, pieces in session.execute(query)}


def within_reach(query: Select[Any], actor: Actor) -> Select[Any]:
    """A select of returns, or of columns of them, narrowed to the orders that the actor sees."""
    if actor.sees_all:
        return query
    return query.where(TABLE.c.order_id.in_(orders.within_reach(select(orders.TABLE.c.id), actor)))


def reachable(session: Session, actor: Actor, return_id: UUID) -> Return:
    """The return; raises ReturnUnknown for unknown and foreign ids alike."""
    query: Select[Return] = within_reach(select(Return), actor).where(Return.id == return_id)
    if (found := session.scalar(query.execution_options(populate_existing=True))) is None:
        raise ReturnUnknown()
    return found


def found_by(words: str) -> Select[UUID]:
    """The ids of the returns of the order of this number: a return has none of its own."""
    return select(TABLE.c.id).where(TABLE.c.order_id.in_(orders.numbered(words)))


def of_order(session: Session, order_id: UUID) -> Sequence[Return]:
    """The returns of an order, the first first."""
    return session.scalars(select(Return).where(Return.order_id == order_id).order_by(Return.id)).all()


def lines_of(session: Session, return_id: UUID) -> Sequence[ReturnLine]:
    """The lines of a return."""
    return session.scalars(select(ReturnLine).where(ReturnLine.return_id == return_id).order_by(ReturnLine.id)).all()


def _locked(session: Session, actor: Actor, return_id: UUID) -> tuple[Order, Return]:
    """The return under the lock of its order, which is what all its steps take."""
    order_id = reachable(session, actor, return_id).order_id
    order = orders.reachable(session, actor, order_id, lock=True)
    return order, reachable(session, actor, return_id)


def _is_all_back(session: Session, order: Order) -> bool:
    if order.status not in {OrderStatus.SHIPPED, OrderStatus.DELIVERED}:
        return False
    query = select(func.sum(OrderLine.shipped_quantity)).where(OrderLine.order_id == order.id)
    back = (
        select(func.sum(ReturnLine.quantity))
        .join(Return, Return.id == ReturnLine.return_id)
        .where(Return.order_id == order.id, Return.state == ReturnState.CLOSED.value)
    )
    return session.scalar(query) == session.scalar(back)


def _trace(session: Session, actor: Actor, kind: Kind, order: Order, found: Return, **facts: Any) -> None:
    found.updated_at = clock.now()
    session.flush()
    about = log.About(contact_id=order.contact_id, account_id=order.account_id, subject=("return", found.id))
    payload = {"number": order.number} | {name: value for name, value in facts.items() if value is not None}
    log.append(session, actor, kind, about=about, payload=payload)
