"""What can be wrong with orders."""

from mcrm.errors import Conflict, Invalid, NotFound


class OrderUnknown(NotFound):
    """There is no such order."""

    code = "order.unknown"


class IllegalMove(Conflict):
    """An order cannot go from where it stands to there."""

    code = "order.illegal-move"


class OrderEmpty(Invalid):
    """An order needs at least one line."""

    code = "order.empty"
