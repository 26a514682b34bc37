"""Which moves an order may make. Pure; everything that changes a status asks here."""

from enum import StrEnum

from mcrm.orders.errors import IllegalMove
from mcrm.orders.models import OrderStatus


class Move(StrEnum):
    """What can be done to an order."""

    CONFIRM = "confirm"
    CHANGE = "change"
    SHIP_PART = "ship in part"
    SHIP = "ship"
    DELIVER = "deliver"
    CANCEL = "cancel"
    RETURN = "return"

    @property
    def done(self) -> str:
        """The participle, for sentences."""
        return {
            Move.CHANGE: "changed",
            Move.SHIP_PART: "shipped in part",
            Move.SHIP: "shipped",
            Move.CANCEL: "cancelled",
        }.get(self, f"{self}ed")


MOVES: dict[Move, dict[OrderStatus, OrderStatus]] = {
    Move.CONFIRM: {OrderStatus.NEW: OrderStatus.CONFIRMED},
    Move.CHANGE: {OrderStatus.NEW: OrderStatus.NEW, OrderStatus.CONFIRMED: OrderStatus.CONFIRMED},
    Move.SHIP_PART: {OrderStatus.NEW: OrderStatus.CONFIRMED, OrderStatus.CONFIRMED: OrderStatus.CONFIRMED},
    Move.SHIP: {OrderStatus.NEW: OrderStatus.SHIPPED, OrderStatus.CONFIRMED: OrderStatus.SHIPPED},
    Move.DELIVER: {OrderStatus.SHIPPED: OrderStatus.DELIVERED},
    Move.CANCEL: {OrderStatus.NEW: OrderStatus.CANCELLED, OrderStatus.CONFIRMED: OrderStatus.CANCELLED},
    Move.RETURN: {OrderStatus.SHIPPED: OrderStatus.RETURNED, OrderStatus.DELIVERED: OrderStatus.RETURNED},
}


def after(status: str, move: Move) -> OrderStatus:
    """The status after a move; raises IllegalMove, saying what may be done instead."""
    now = OrderStatus(status)
    try:
        return MOVES[move][now]
    except KeyError:
        allowed = sorted(other.done for other, ways in MOVES.items() if now in ways)
        may = f"It can be {' or '.join(allowed)}." if allowed else "Nothing more can be done to it."
        raise IllegalMove(f"A {now} order cannot be {move.done}. {may}", status=now.value) from None
