"""Changing the lines of an order while nothing of it has left: added at today's price, kept at the agreed one."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.errors import DomainError
from mcrm.interactions.kinds import Kind
from mcrm.orders import amounts, placing, states
from mcrm.orders.errors import LineTwice, LineUnknown, OrderEmpty, PartlyShipped
from mcrm.orders.lines import locked_lines
from mcrm.orders.models import Order, OrderLine
from mcrm.orders.moving import advance
from mcrm.orders.states import Move
from mcrm.pricing.errors import MixedCurrencies, TotalTooLarge
from mcrm.pricing.rules import LARGEST_TOTAL, Wanted
from mcrm.stock import service as stock
from mcrm.transaction import insert_rows

PLACE = re.compile(r"lines\.(\d+)\.(\w+)")


@dataclass(frozen=True, slots=True)
class Change:
    """One wish: a line's new quantity (0 drops it), or so many of a product as a new line."""

    quantity: int
    line_id: UUID | None = None
    product_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class _Step:
    """What a change does to one line that is there: so many pieces, so many more; `place` is that in the wish list."""

    line: OrderLine
    pieces: int
    more: int
    place: int


def change_lines(session: Session, actor: Actor, order: Order, changes: Sequence[Change]) -> Order:
    """Add, change and drop lines; stock follows. The caller has locked the order and checked the revision.

    Raises IllegalMove, PartlyShipped, LineUnknown, LineTwice, OrderEmpty, TotalTooLarge, MixedCurrencies, OutOfStock,
    ProductUnknown, ProductWithoutPrice.
    """
    states.after(order.status, Move.CHANGE)
    lines = locked_lines(session, order)
    if any(line.shipped_quantity for line in lines):
        raise PartlyShipped()
    steps = _steps([line for line in lines if line.live_quantity > 0], changes)
    new = [(place, change) for place, change in enumerate(changes) if change.product_id is not None]
    added = _added(session, actor, order, len(lines), new)
    taken = _move_stock(session, steps, new)
    for step in steps:
        _apply(step)
    insert_rows(session, OrderLine, added)
    more = [(step.line.id, step.line.product_id, step.more) for step in steps if step.more > 0]
    stock.hold(session, more + [(row["id"], row["product_id"], row["quantity"]) for row in added], taken)
    amounts.add_up(order, lines, added)
    if order.total > LARGEST_TOTAL:
        raise TotalTooLarge(field="lines")
    if not added and not any(line.live_quantity for line in lines):
        raise OrderEmpty("An order keeps at least one line; cancel it instead.", field="lines")
    dropped = sum(step.pieces == 0 for step in steps)
    counts = {"added": len(added), "dropped": dropped, "changed": len(steps) - dropped, "total": order.total}
    return advance(session, actor, order, Move.CHANGE, Kind.ORDER_CHANGED, **counts)


def _steps(lines: Sequence[OrderLine], changes: Sequence[Change]) -> list[_Step]:
    known, steps = {line.id: line for line in lines}, dict[UUID, _Step]()
    for place, change in enumerate(changes):
        if change.line_id is None:
            continue
        if (line := known.get(change.line_id)) is None:
            raise LineUnknown(field=f"lines.{place}.line_id")
        if line.id in steps:
            raise LineTwice(field=f"lines.{place}.line_id")
        steps[line.id] = _Step(line, change.quantity, change.quantity - line.live_quantity, place)
    return list(steps.values())


def _added(
    session: Session, actor: Actor, order: Order, last: int, new: Sequence[tuple[int, Change]]
) -> list[dict[str, Any]]:
    """The rows of the new lines, numbered after the `last`; an error names the place in the wish list."""
    wanted = [Wanted(change.product_id, change.quantity) for _, change in new if change.product_id is not None]
    if not wanted:
        return []
    try:
        drafted = placing.draft(session, actor, order.account_id, wanted)
        if drafted.currency != order.currency:
            raise MixedCurrencies(field="lines.0.product_id")
    except DomainError as error:
        if error.field and (found := PLACE.fullmatch(error.field)):
            error.field = f"lines.{new[int(found[1])][0]}.{found[2]}"
        raise
    return placing.line_rows(order, drafted.lines, after=last)


def _move_stock(session: Session, steps: Sequence[_Step], new: Sequence[tuple[int, Change]]) -> stock.Taken:
    """Give back what is not wanted any more, then promise what is wanted more; all items are locked before both."""
    wanted, fields = Counter[UUID](), dict[UUID, str]()
    more = [(step.place, step.line.product_id, step.more) for step in steps if step.more > 0]
    more += [(place, change.product_id, change.quantity) for place, change in new]
    for place, product_id, pieces in more:
        if product_id is not None:
            wanted[product_id] += pieces
            fields[product_id] = f"lines.{place}.quantity"
    stock.lock(session, {*wanted, *(step.line.product_id for step in steps if step.line.product_id)})
    stock.give_back(session, {step.line.id: -step.more for step in steps if step.more < 0})
    return stock.reserve(session, wanted, fields=fields)


def _apply(step: _Step) -> None:
    """A dropped line stays, as one that was cancelled: whoever reads its history finds it."""
    line = step.line
    amounts.shrink(line, step.pieces)
    if step.pieces:
        line.quantity = step.pieces + line.cancelled_quantity
    else:
        line.cancelled_quantity = line.quantity
