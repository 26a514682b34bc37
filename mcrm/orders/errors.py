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


class NothingToRepeat(Conflict):
    """Nothing of this order is sold any more."""

    code = "order.nothing-to-repeat"


class LineUnknown(NotFound):
    """The order has no such line."""

    code = "order.line-unknown"


class LineTwice(Invalid):
    """A line is named once."""

    code = "order.line-twice"


class MoreThanOpen(Conflict):
    """So many of this line are not left."""

    code = "order.more-than-open"


class ShipmentUnknown(NotFound):
    """There is no such shipment."""

    code = "shipment.unknown"


class AlreadyDelivered(Conflict):
    """This shipment has arrived already."""

    code = "shipment.already-delivered"


class PartlyShipped(Conflict):
    """A part of this order has left; cancel or return single lines instead."""

    code = "order.partly-shipped"
