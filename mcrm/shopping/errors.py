"""What can be wrong when customers order."""

from mcrm.errors import Conflict


class PriceMoved(Conflict):
    """It costs something else now: look at the price again."""

    code = "order.price-moved"
