"""The lines of an order under its lock, and which of their pieces somebody means."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.errors import Conflict
from mcrm.orders.errors import LineTwice, LineUnknown, MoreThanOpen
from mcrm.orders.models import Order, OrderLine


@dataclass(frozen=True, slots=True)
class Pieces:
    """So many pieces of one order line."""

    line_id: UUID
    quantity: int


def locked_lines(session: Session, order: Order) -> list[OrderLine]:
    """The lines as they are now; whoever holds the order's lock is alone with them."""
    query = select(OrderLine).where(OrderLine.order_id == order.id).order_by(OrderLine.line_number)
    return list(session.scalars(query.execution_options(populate_existing=True)))


def chosen(
    lines: Iterable[OrderLine],
    wanted: Sequence[Pieces],
    left: Callable[[OrderLine], int],
    too_many: type[Conflict] = MoreThanOpen,
) -> dict[UUID, int]:
    """The pieces named, by line, none of them more than are `left`.

    Raises LineUnknown, LineTwice, `too_many`, each naming the place in `lines` at fault.
    """
    known = {line.id: line for line in lines}
    found: dict[UUID, int] = {}
    for index, pieces in enumerate(wanted):
        line = known.get(pieces.line_id)
        if line is None:
            raise LineUnknown(field=f"lines.{index}.line_id")
        if line.id in found:
            raise LineTwice(field=f"lines.{index}.line_id")
        if pieces.quantity > left(line):
            raise too_many(f"{left(line)} of this line are left.", field=f"lines.{index}.quantity")
        found[line.id] = pieces.quantity
    return found


def still_open(lines: Iterable[OrderLine]) -> dict[UUID, int]:
    """What has still to leave, by line."""
    return {line.id: line.open_quantity for line in lines if line.open_quantity > 0}


def without(lines: Iterable[OrderLine], pieces: Mapping[UUID, int]) -> bool:
    """Whether nothing is left to leave once these pieces are gone."""
    return all(line.open_quantity == pieces.get(line.id, 0) for line in lines)
