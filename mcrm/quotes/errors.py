"""What can be wrong with quotes."""

from mcrm.errors import Conflict, Invalid, NotFound


class QuoteUnknown(NotFound):
    """There is no such quote."""

    code = "quote.unknown"


class IllegalQuoteMove(Conflict):
    """A quote is accepted or declined once, while it is open."""

    code = "quote.illegal-move"


class QuoteOver(Conflict):
    """The time for which these prices were promised is over; make a new quote."""

    code = "quote.over"


class ValidityUnfit(Invalid):
    """A quote is valid until a moment in the next 366 days."""

    code = "quote.validity-unfit"
