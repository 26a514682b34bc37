"""What can be wrong with products and prices."""

from mcrm.errors import Conflict, Invalid, NotFound


class ProductUnknown(NotFound):
    """There is no such product."""

    code = "product.unknown"


class ProductCodeTaken(Conflict):
    """Another product has this code."""

    code = "product.code-taken"


class ProductWithoutPrice(Conflict):
    """No price list in force has a price for this."""

    code = "product.no-price"


class PriceListUnknown(NotFound):
    """There is no such price list."""

    code = "price-list.unknown"


class PriceListNameTaken(Conflict):
    """Another price list has this name."""

    code = "price-list.name-taken"


class PriceUnknown(NotFound):
    """There is no such price in this list."""

    code = "price.unknown"


class PriceListNeverInForce(Invalid):
    """A price list must end after it begins."""

    code = "price-list.never-in-force"
