"""Wire shapes of invoices and credit notes; amounts in minor units of the currency beside them."""

from mcrm.api import fields, formats
from mcrm.api.paging import PageQuery
from mcrm.invoices.models import InvoiceKind

WIDEST = 10**15
FOUND_BY = "The document's number or the order's"


class InvoiceSchema(fields.Schema):
    """A document without its lines, as lists show it."""

    id = fields.Uuid(required=True)
    kind = fields.Enum(InvoiceKind, required=True)
    number = fields.Str(required=True)
    order_id = fields.Uuid(required=True)
    order_number = fields.Str(required=True)
    credits_id = fields.Uuid(required=True, allow_none=True)
    credits_number = fields.Str(required=True, allow_none=True)
    refund_id = fields.Uuid(required=True, allow_none=True)
    return_id = fields.Uuid(required=True, allow_none=True)
    issued_on = fields.Date(required=True)
    created_at = fields.AwareDateTime(required=True)
    currency = formats.Currency(required=True)
    net = fields.Money(required=True, maximum=WIDEST)
    tax = fields.Money(required=True, maximum=WIDEST)
    total = fields.Money(required=True, maximum=WIDEST)
    reason = fields.Str(required=True, allow_none=True)


class SellerSchema(fields.Schema):
    """Who issued it, as it was called then."""

    name = fields.Str(required=True)
    address = fields.List(fields.Str(), required=True)
    tax_number = fields.Str(required=True, allow_none=True)


class BuyerSchema(fields.Schema):
    """Whom it is for, as they were called then."""

    name = fields.Str(required=True)
    contact = fields.Str(required=True, allow_none=True)
    number = fields.Str(required=True, allow_none=True)
    country = fields.Str(required=True, allow_none=True)
    address = fields.List(fields.Str(), required=True, dump_default=list, metadata={"description": "Where bills go"})


class InvoiceTaxSchema(fields.Schema):
    """Net and tax of one rate; basis points are hundredths of a percent."""

    basis_points = fields.Int(required=True)
    net = fields.Money(required=True, maximum=WIDEST)
    tax = fields.Money(required=True, maximum=WIDEST)


class InvoiceLineSchema(fields.Schema):
    """One line; the unit price is before the discount, and holds the tax where `includes_tax`."""

    line_number = fields.Int(required=True)
    order_line_id = fields.Uuid(required=True, allow_none=True)
    description = fields.Str(required=True, max_length=500)
    quantity = fields.Int(required=True)
    unit_price = fields.Money(required=True, maximum=WIDEST)
    discount_basis_points = fields.Int(required=True)
    includes_tax = fields.Bool(required=True)
    tax_basis_points = fields.Int(required=True)
    net = fields.Money(required=True, maximum=WIDEST)
    tax = fields.Money(required=True, maximum=WIDEST)
    total = fields.Money(required=True, maximum=WIDEST)


class FullInvoiceSchema(InvoiceSchema):
    """A document with its parties, lines and taxes per rate."""

    seller = fields.Nested(SellerSchema(), required=True)
    buyer = fields.Nested(BuyerSchema(), required=True)
    lines = fields.List(fields.Nested(InvoiceLineSchema()), required=True, max_length=2000)
    taxes = fields.List(fields.Nested(InvoiceTaxSchema()), required=True, max_length=2000)


class CreditedPiecesSchema(fields.Schema):
    """Some pieces of one line of the invoice."""

    line_number = fields.Int(required=True, minimum=1)
    quantity = fields.Int(required=True, minimum=1, maximum=1_000_000_000)


class NewCreditNoteSchema(fields.Schema):
    """What to credit: pieces of lines, or an amount with tax, or all that is left; and why."""

    lines = fields.List(fields.Nested(CreditedPiecesSchema()), load_default=(), max_length=500)
    amount = fields.Money(load_default=None, allow_none=True, minimum=1, maximum=WIDEST)
    refund_id = fields.Uuid(load_default=None, allow_none=True)
    return_id = fields.Uuid(load_default=None, allow_none=True)
    reason = fields.Str(load_default=None, allow_none=True)


class OwnInvoiceQuery(PageQuery):
    """Filters of one's own invoices and credit notes; days are days of issue, both included."""

    kind = fields.Enum(InvoiceKind, load_default=None)
    order_id = fields.Uuid(load_default=None)
    number = fields.Str(load_default=None, max_length=40)
    since = fields.Date(data_key="from", load_default=None)
    until = fields.Date(load_default=None)


class InvoiceQuery(OwnInvoiceQuery):
    """Filters of the list of invoices and credit notes; days are days of issue, both included."""

    q = fields.Str(load_default=None, min_length=2, max_length=100, metadata={"description": FOUND_BY})
    contact_id = fields.Uuid(load_default=None)
    credits_id = fields.Uuid(load_default=None)
