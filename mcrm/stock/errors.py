"""What can be wrong with stock."""

from mcrm.errors import Conflict, NotFound


class OutOfStock(Conflict):
    """There is not enough of this product left."""

    code = "order.out-of-stock"


class StockItemUnknown(NotFound):
    """There is no such stock item."""

    code = "stock.unknown"


class StockWouldBeNegative(Conflict):
    """Less is on hand than is promised to orders."""

    code = "stock.below-reserved"
