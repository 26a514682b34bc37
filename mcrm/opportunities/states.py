"""Which moves an opportunity may make. Pure; everything that changes a stage asks here."""

from enum import StrEnum

from mcrm.opportunities.errors import IllegalOpportunityMove
from mcrm.opportunities.models import StageKind


class OpportunityMove(StrEnum):
    """What can be done to an opportunity."""

    ADVANCE = "advance"
    WIN = "win"
    LOSE = "lose"
    REOPEN = "reopen"


ENDED = (StageKind.WON, StageKind.LOST)
MOVES: dict[OpportunityMove, dict[StageKind, StageKind]] = {
    OpportunityMove.ADVANCE: {StageKind.OPEN: StageKind.OPEN},
    OpportunityMove.WIN: {StageKind.OPEN: StageKind.WON},
    OpportunityMove.LOSE: {StageKind.OPEN: StageKind.LOST},
    OpportunityMove.REOPEN: dict.fromkeys(ENDED, StageKind.OPEN),
}


def after(kind: str, move: OpportunityMove) -> StageKind:
    """The kind of the stage after a move; raises IllegalOpportunityMove."""
    try:
        return MOVES[move][StageKind(kind)]
    except KeyError:
        raise IllegalOpportunityMove(f"You cannot {move} an opportunity that is {kind}.") from None


def towards(kind: str) -> OpportunityMove:
    """The move that leads into a stage of this kind."""
    return {
        StageKind.OPEN: OpportunityMove.ADVANCE,
        StageKind.WON: OpportunityMove.WIN,
        StageKind.LOST: OpportunityMove.LOSE,
    }[StageKind(kind)]
