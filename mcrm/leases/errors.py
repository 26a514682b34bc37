"""What can be wrong with a stock lease; the sentences are for the person who sells."""

from mcrm.errors import Conflict, Invalid, NotAllowed, NotFound


class LeaseUnknown(NotFound):
    """There is no such stock lease of yours."""

    code = "stock-lease.unknown"


class LeaseOver(Conflict):
    """Nothing is left of this stock lease."""

    code = "stock-lease.over"


class LeaseExpired(Conflict):
    """The time of the stock lease was over, and what is free does not suffice any more."""

    code = "stock-lease.expired"


class LeaseNotNeeded(Conflict):
    """Nobody counts the stock of this product: it can be sold without a lease."""

    code = "stock-lease.not-needed"


class MoreThanLeft(Conflict):
    """So many pieces are not left of this lease."""

    code = "stock-lease.more-than-left"


class BeyondLimit(NotAllowed):
    """This is more than you may lease without a manager."""

    code = "stock-lease.beyond-limit"


class TimeUnfit(Invalid):
    """A stock lease ends later than now, and within the longest time that is allowed."""

    code = "stock-lease.time-unfit"


class ForSomebodyElse(NotAllowed):
    """A manager leases stock for others."""

    code = "stock-lease.for-somebody-else"


class HolderUnknown(NotFound):
    """There is nobody of the staff with this id."""

    code = "stock-lease.holder-unknown"
