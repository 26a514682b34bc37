"""What can be wrong with payments and refunds."""

from mcrm.errors import Conflict, Invalid, NotFound


class PaymentUnknown(NotFound):
    """There is no such payment."""

    code = "payment.unknown"


class DuplicateReference(Conflict):
    """This reference of this method has been entered before."""

    code = "payment.duplicate-reference"


class ReferenceMissing(Invalid):
    """A card payment or a transfer carries the reference that the bank knows it by."""

    code = "payment.reference-missing"


class CashCannotWait(Invalid):
    """Cash is taken or it is not; it cannot be authorised and captured later."""

    code = "payment.cash-cannot-wait"


class WrongCurrency(Invalid):
    """The order is in another currency."""

    code = "payment.wrong-currency"


class NotPayable(Conflict):
    """Nothing is to be paid for this order."""

    code = "payment.not-payable"


class Overpaid(Conflict):
    """That is more than the order still costs."""

    code = "payment.too-much"


class PaymentSettled(Conflict):
    """The payment has been captured or voided before."""

    code = "payment.settled"


class RefundTooLarge(Conflict):
    """That is more than was captured and not yet given back."""

    code = "refund.too-much"


class ReturnUnknown(Invalid):
    """The order has no such return."""

    code = "return.unknown-for-order"
