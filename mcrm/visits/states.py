"""Which moves a visit may make. Pure; everything that changes a state asks here.

A visit that nobody checked out of ends when its rep checks in elsewhere. A check-out that comes later than that, from
a device without a network, is still the truth, and completes it.
"""

from enum import StrEnum

from mcrm.visits.errors import VisitEnded
from mcrm.visits.models import VisitState


class VisitMove(StrEnum):
    """What can be done to a visit."""

    CHECK_OUT = "check out of"
    LEAVE = "leave"


MOVES: dict[VisitMove, dict[VisitState, VisitState]] = {
    VisitMove.CHECK_OUT: {
        VisitState.OPEN: VisitState.CHECKED_OUT,
        VisitState.NOT_CHECKED_OUT: VisitState.CHECKED_OUT,
    },
    VisitMove.LEAVE: {VisitState.OPEN: VisitState.NOT_CHECKED_OUT},
}


def after(state: str, move: VisitMove) -> VisitState:
    """The state after a move; raises VisitEnded."""
    try:
        return MOVES[move][VisitState(state)]
    except KeyError:
        raise VisitEnded() from None
