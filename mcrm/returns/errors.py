"""What can be wrong with returns."""

from mcrm.errors import Conflict, Invalid, NotFound


class ReturnUnknown(NotFound):
    """There is no such return."""

    code = "return.unknown"


class IllegalReturnMove(Conflict):
    """A return cannot go from where it stands to there."""

    code = "return.illegal-move"


class MoreThanShipped(Conflict):
    """No more can come back than was shipped."""

    code = "return.more-than-shipped"


class MoreThanDelivered(Conflict):
    """No more can come back than has arrived."""

    code = "return.more-than-delivered"


class InspectionIncomplete(Invalid):
    """An inspection names every line of the return once."""

    code = "return.inspection-incomplete"


class MoreThanReturned(Invalid):
    """No more is refunded than came back."""

    code = "return.more-than-returned"


class NothingShipped(Conflict):
    """Nothing of this order has left, so nothing can come back."""

    code = "return.nothing-shipped"
