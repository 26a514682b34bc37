"""What can be wrong with stock."""

from mcrm.errors import Conflict, Invalid, NotFound


class OutOfStock(Conflict):
    """There is not enough of this product left."""

    code = "order.out-of-stock"


class StockItemUnknown(NotFound):
    """There is no such stock item."""

    code = "stock.unknown"


class StockWouldBeNegative(Conflict):
    """Less is on hand than is promised to orders."""

    code = "stock.below-reserved"


class MoveAgainstItsKind(Invalid):
    """A receipt brings pieces in, scrap takes them out."""

    code = "stock.move-against-its-kind"


class SameLocation(Invalid):
    """A transfer goes from one location to another."""

    code = "stock.same-location"


class LocationTaken(Conflict):
    """There is a location of this code already."""

    code = "stock-location.taken"


class LocationUnknown(NotFound):
    """There is no such location."""

    code = "stock-location.unknown"
