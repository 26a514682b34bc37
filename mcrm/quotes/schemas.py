"""Wire shapes of quotes."""

from mcrm.api import fields, formats
from mcrm.api.paging import PageQuery
from mcrm.pricing.schemas import WantedSchema
from mcrm.quotes.models import QuoteState


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
    """One line; prices in minor units of the quote's currency."""

    id = fields.Uuid(required=True)
    line_number = fields.Int(required=True)
    product_id = fields.Uuid(required=True)
    description = fields.Str(required=True, max_length=500)
    quantity = fields.Int(required=True)
    unit_price = fields.Money(required=True)
    total = fields.Money(required=True, maximum=10**15)


class FullQuoteSchema(QuoteSchema):
    """A quote with its lines."""

    lines = fields.List(fields.Nested(QuoteLineSchema()), required=True, max_length=500)


class OwnQuoteQuery(PageQuery):
    """Filters of the list of one's own quotes."""

    state = fields.Enum(QuoteState, load_default=None)


class QuoteQuery(OwnQuoteQuery):
    """Filters of the list of quotes."""

    contact_id = fields.Uuid(load_default=None)


class DeclinationSchema(fields.Schema):
    """Why not."""

    reason = fields.Str(load_default=None, allow_none=True)
