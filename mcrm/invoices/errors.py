"""What can be wrong with invoices and credit notes."""

from mcrm.errors import Conflict, Invalid, NotFound


class InvoiceUnknown(NotFound):
    """There is no such invoice or credit note."""

    code = "invoice.unknown"


class AlreadyInvoiced(Conflict):
    """The order has been invoiced before."""

    code = "invoice.already-issued"


class BeyondInvoice(Conflict):
    """The order has been invoiced and would cost more than that: place another order for what is added."""

    code = "order.beyond-invoice"


class NotInvoiceable(Conflict):
    """Nothing is to be invoiced for this order."""

    code = "invoice.not-invoiceable"


class OnlyInvoicesAreCredited(Conflict):
    """A credit note cannot be credited."""

    code = "credit-note.not-an-invoice"


class CreditTooLarge(Conflict):
    """That is more than the invoice has left to credit."""

    code = "credit-note.too-much"


class LineUnknown(Invalid):
    """The invoice has no such line."""

    code = "credit-note.line-unknown"


class LinesOrAmount(Invalid):
    """A credit note names lines or an amount, not both."""

    code = "credit-note.lines-or-amount"


class RefundUnknown(Invalid):
    """The order has no such refund."""

    code = "credit-note.refund-unknown"
