"""What can be wrong with prices and discounts."""

from mcrm.errors import Conflict, Invalid, NotAllowed, NotFound


class MixedCurrencies(Conflict):
    """These products are not priced in one currency."""

    code = "order.mixed-currencies"


class TotalTooLarge(Invalid):
    """An order may be worth at most 10^15 minor units."""

    code = "order.too-large"


class DiscountBeyondLimit(NotAllowed):
    """This discount is more than you may give."""

    code = "discount.beyond-limit"


class DiscountLimitUnknown(NotFound):
    """There is no role of this name that sells."""

    code = "discount-limit.unknown"


class NobodyNamed(Invalid):
    """Name either the account or the contact who would pay."""

    code = "prices.nobody-named"
