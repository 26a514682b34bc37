"""Wire shapes of quotes."""

from mcrm.api import fields, formats
from mcrm.api.paging import PageQuery
from mcrm.pricing.schemas import WantedSchema
from mcrm.quotes.models import QuoteState

FOUND_BY = "The quote's number, however it is written"


class NewQuoteSchema(fields.Schema):
    """A quote to be made; by default it is valid for two weeks."""

    contact_id = fields.Uuid(required=True)
    lines = fields.List(fields.Nested(WantedSchema()), required=True, max_length=500)
    valid_until = fields.AwareDateTime(load_default=None, allow_none=True)
    reference = fields.Str(load_default=None, allow_none=True)


class QuoteSchema(fields.Schema):
    """A quote without its lines, as lists show it; `order_id` is what came of it."""

    id = fields.Uuid(required=True)
    rev = fields.Int(required=True)
    number = fields.Str(required=True)
    state = fields.Enum(QuoteState, required=True)
    contact_id = fields.Uuid(required=True)
    account_id = fields.Uuid(required=True)
    currency = formats.Currency(required=True)
    total = fields.Money(required=True, maximum=10**15)
    valid_until = fields.AwareDateTime(required=True)
    reference = fields.Str(required=True, allow_none=True)
    order_id = fields.Uuid(required=True, allow_none=True)


class QuoteLineSchema(fields.Schema):
    """One line, in the words of the order line that it becomes; money in minor units of the quote's currency."""

    id = fields.Uuid(required=True)
    line_number = fields.Int(required=True)
    product_id = fields.Uuid(required=True)
    description = fields.Str(required=True, max_length=500)
    quantity = fields.Int(required=True)
    unit_price = fields.Money(required=True)
    includes_tax = fields.Bool(required=True, attribute="amounts.includes_tax")
    discount_basis_points = fields.Int(required=True, attribute="amounts.discount_basis_points")
    tax_basis_points = fields.Int(required=True, attribute="amounts.tax_basis_points")
    net = fields.Money(required=True, maximum=10**15, attribute="amounts.net")
    tax = fields.Money(required=True, maximum=10**15, attribute="amounts.tax")
    total = fields.Money(required=True, maximum=10**15)


class FullQuoteSchema(QuoteSchema):
    """A quote with its lines."""

    lines = fields.List(fields.Nested(QuoteLineSchema()), required=True, max_length=500)


class OwnQuoteQuery(PageQuery):
    """Filters of the list of one's own quotes."""

    number = fields.Str(load_default=None, max_length=40)
    state = fields.Enum(QuoteState, load_default=None)


class QuoteQuery(OwnQuoteQuery):
    """Filters of the list of quotes."""

    q = fields.Str(load_default=None, min_length=2, max_length=100, metadata={"description": FOUND_BY})
    contact_id = fields.Uuid(load_default=None)


class DeclinationSchema(fields.Schema):
    """Why not."""

    reason = fields.Str(load_default=None, allow_none=True)
