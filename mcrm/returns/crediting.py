"""The credit for what came back: an order of kind credit, whose lines count backwards."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.ids import new_id
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.orders import amounts, moving, placing
from mcrm.orders.lines import locked_lines
from mcrm.orders.models import Order, OrderKind, OrderLine, OrderStatus
from mcrm.orders.numbers import next_order_number
from mcrm.orders.service import number_key
from mcrm.returns.models import Return, ReturnLine, ReturnState
from mcrm.transaction import insert_rows

KEPT = (
    "product_id",
    "description",
    "unit_price",
    "includes_tax",
    "discount_basis_points",
    "tax_basis_points",
)


def credit(session: Session, actor: Actor, order: Order, found: Return, lines: Sequence[ReturnLine]) -> Order | None:
    """The credit order for the refundable pieces of a return; None when there are none.

    A line's credits never add up to more than the line: rounding is carried from one return to the next.
    """
    pieces = {line.order_line_id: line.refundable_quantity or 0 for line in lines}
    before = _credited(session, order, found)
    rows = [
        _line(line, before.get(line.id, 0), pieces[line.id])
        for line in locked_lines(session, order)
        if pieces.get(line.id)
    ]
    if not rows:
        return None
    number = next_order_number(session)
    made = Order(
        id=new_id(),
        number=number,
        number_key=number_key(number),
        kind=OrderKind.CREDIT.value,
        status=OrderStatus.DELIVERED.value,
        contact_id=order.contact_id,
        account_id=order.account_id,
        currency=order.currency,
        placed_at=clock.now(),
        reference=order.number,
        **amounts.sums(rows),
    )
    session.add(made)
    session.flush()
    insert_rows(session, OrderLine, placing.line_rows(made, rows))
    payload = {"number": number, "of": order.number, "total": made.total, "currency": made.currency}
    log.append(session, actor, Kind.CREDIT_MADE, about=moving.about(made), payload=payload)
    return made


def _credited(session: Session, order: Order, found: Return) -> dict[UUID, int]:
    """How many pieces of each line were refunded by the returns closed before this one."""
    query = (
        select(ReturnLine.order_line_id, func.sum(ReturnLine.refundable_quantity))
        .join(Return, Return.id == ReturnLine.return_id)
        .where(Return.order_id == order.id, Return.id != found.id, Return.state == ReturnState.CLOSED.value)
        .group_by(ReturnLine.order_line_id)
    )
    return {line_id: int(pieces or 0) for line_id, pieces in session.execute(query)}


def _line(line: OrderLine, before: int, pieces: int) -> dict[str, Any]:
    kept = {name: getattr(line, name) for name in KEPT}
    return kept | amounts.credit(line, before, pieces) | {"quantity": -pieces}
