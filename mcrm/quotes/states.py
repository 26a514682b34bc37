"""Which moves a quote may make. Pure; everything that changes a state asks here."""

from enum import StrEnum

from mcrm.quotes.errors import IllegalQuoteMove
from mcrm.quotes.models import QuoteState


class QuoteMove(StrEnum):
    """What can be done to a quote."""

    ACCEPT = "accept"
    DECLINE = "decline"
    EXPIRE = "expire"


MOVES: dict[QuoteMove, dict[QuoteState, QuoteState]] = {
    QuoteMove.ACCEPT: {QuoteState.OPEN: QuoteState.ACCEPTED},
    QuoteMove.DECLINE: {QuoteState.OPEN: QuoteState.DECLINED},
    QuoteMove.EXPIRE: {QuoteState.OPEN: QuoteState.EXPIRED},
}


def after(state: str, move: QuoteMove) -> QuoteState:
    """The state after a move; raises IllegalQuoteMove."""
    try:
        return MOVES[move][QuoteState(state)]
    except KeyError:
        raise IllegalQuoteMove(f"You cannot {move} a quote that is {state}.") from None
