"""What orders, their lines and parts of lines are worth. Integers only; what is cut into parts adds up again."""

from collections.abc import Iterable
from typing import Any

from mcrm.money import half_up
from mcrm.orders.models import Order, OrderLine

SUMS = {"net_total": "net", "tax_total": "tax", "total": "total"}
"""The money columns of an order, and the column of its lines that each is the sum of."""


def share(amount: int, part: int, whole: int) -> int:
    """The worth of `part` of `whole` pieces that are worth `amount` minor units together, half away from zero."""
    return half_up(amount * part, whole)


def between(total: int, tax: int, before: int, pieces: int, whole: int) -> tuple[int, int]:
    """(total, tax) of `pieces` more when `before` of `whole` were taken already: all the parts together are these.

    The tax follows the total, so that no part holds more tax than it costs.
    """

    def tax_until(amount: int) -> int:
        return half_up(amount * tax, total) if total else 0

    start, end = share(total, before, whole), share(total, before + pieces, whole)
    return end - start, tax_until(end) - tax_until(start)


def sums(lines: Iterable[dict[str, Any]]) -> dict[str, int]:
    """The money columns of an order of these lines."""
    rows = list(lines)
    return {name: sum(row[column] for row in rows) for name, column in SUMS.items()}


def credit(line: OrderLine, before: int, pieces: int) -> dict[str, int]:
    """The money columns of the credit for `pieces` of a line, of which `before` were credited already."""
    total, tax = between(line.total, line.tax, before, pieces, line.live_quantity)
    return {"net": tax - total, "tax": -tax, "total": -total}


def shrink(line: OrderLine, pieces: int) -> None:
    """Let a line be worth so many pieces, at its own price; its quantities are the caller's."""
    line.total, line.tax = (share(amount, pieces, line.live_quantity) for amount in (line.total, line.tax))
    line.net = line.total - line.tax


def add_up(order: Order, lines: Iterable[OrderLine], added: Iterable[dict[str, Any]] = ()) -> None:
    """Let an order be worth what these lines and the rows `added` are."""
    rows = [{column: getattr(line, column) for column in SUMS.values()} for line in lines]
    for name, amount in sums([*rows, *added]).items():
        setattr(order, name, amount)
