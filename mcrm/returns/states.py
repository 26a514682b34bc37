"""Which moves a return may make. Pure; everything that changes a state asks here."""

from enum import StrEnum

from mcrm.returns.errors import IllegalReturnMove
from mcrm.returns.models import ReturnState


class ReturnMove(StrEnum):
    """What can be done to a return."""

    RECEIVE = "receive"
    INSPECT = "inspect"
    CLOSE = "close"
    WITHDRAW = "withdraw"


MOVES: dict[ReturnMove, dict[ReturnState, ReturnState]] = {
    ReturnMove.RECEIVE: {ReturnState.REQUESTED: ReturnState.RECEIVED},
    ReturnMove.INSPECT: {ReturnState.RECEIVED: ReturnState.INSPECTED},
    ReturnMove.CLOSE: {ReturnState.INSPECTED: ReturnState.CLOSED},
    ReturnMove.WITHDRAW: {ReturnState.REQUESTED: ReturnState.WITHDRAWN},
}


def after(state: str, move: ReturnMove) -> ReturnState:
    """The state after a move; raises IllegalReturnMove."""
    try:
        return MOVES[move][ReturnState(state)]
    except KeyError:
        raise IllegalReturnMove(f"You cannot {move} a return that is {state}.") from None
