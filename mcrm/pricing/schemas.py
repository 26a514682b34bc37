"""Wire shapes of prices and of the rules that make them; money in minor units, rates in basis points."""

from mcrm.api import fields, formats
from mcrm.pricing.rules import LARGEST_TOTAL, WHOLE

MOST_LINES = 500
MOST_RULES = 1_000_000


class OwnWantedSchema(fields.Schema):
    """A product and how many of it."""

    product_id = fields.Uuid(required=True)
    quantity = fields.Int(required=True, minimum=1, maximum=1_000_000)


class WantedSchema(OwnWantedSchema):
    """A product, how many of it, and what you take off its price; your role has a limit."""

    discount_basis_points = fields.Int(minimum=0, maximum=WHOLE, load_default=0)


class OwnPricesInSchema(fields.Schema):
    """What you would like to know the price of."""

    lines = fields.List(fields.Nested(OwnWantedSchema()), required=True, min_length=1, max_length=MOST_LINES)


class PricesInSchema(fields.Schema):
    """What somebody would like to know the price of: name the account or the contact. `at` defaults to now."""

    either = {"contact_id": {}, "account_id": {}}

    account_id = fields.Uuid()
    contact_id = fields.Uuid()
    at = fields.AwareDateTime(load_default=None, allow_none=True)
    lines = fields.List(fields.Nested(WantedSchema()), required=True, min_length=1, max_length=MOST_LINES)


class PricedLineSchema(fields.Schema):
    """What one line costs. `unit_price` is before the discount and holds the tax where `includes_tax`."""

    product_id = fields.Uuid(required=True)
    description = fields.Str(required=True, max_length=500)
    quantity = fields.Int(required=True)
    price_list_id = fields.Uuid(required=True)
    unit_price = fields.Money(required=True)
    includes_tax = fields.Bool(required=True)
    discount_basis_points = fields.Int(required=True)
    tax_basis_points = fields.Int(required=True)
    net = fields.Money(required=True, maximum=LARGEST_TOTAL)
    tax = fields.Money(required=True, maximum=LARGEST_TOTAL)
    total = fields.Money(required=True, maximum=LARGEST_TOTAL)


class PricesSchema(fields.Schema):
    """What all of it costs: `total` is what the customer pays, `net_total` and `tax_total` together."""

    currency = formats.Currency(required=True)
    net_total = fields.Money(required=True, maximum=LARGEST_TOTAL)
    tax_total = fields.Money(required=True, maximum=LARGEST_TOTAL)
    total = fields.Money(required=True, maximum=LARGEST_TOTAL)
    lines = fields.List(fields.Nested(PricedLineSchema()), required=True, max_length=MOST_LINES)


class DiscountLimitInSchema(fields.Schema):
    """The most that a role may take off a line."""

    basis_points = fields.Int(required=True, minimum=0, maximum=WHOLE)


class DiscountLimitSchema(DiscountLimitInSchema):
    """The most that a role may take off a line; `rev` 0 is the default."""

    role = fields.Str(required=True)
    rev = fields.Int(required=True)


class BreakSchema(fields.Schema):
    """The price of a product from a quantity on."""

    product_id = fields.Uuid(required=True)
    min_quantity = fields.Int(required=True)
    unit_price = fields.Money(required=True)


class DiscountRuleSchema(fields.Schema):
    """Basis points off a product, a category, or (neither named) everything in a list, from a quantity on."""

    basis_points = fields.Int(required=True)
    min_quantity = fields.Int(required=True)
    product_id = fields.Uuid(required=True, allow_none=True)
    category = fields.Str(required=True, allow_none=True)


class ListRuleSchema(fields.Schema):
    """A price list that applies to the account, now or later; `levels_up` is 0 for its own, 1 for its parent's."""

    id = fields.Uuid(required=True)
    rank = fields.Int(required=True)
    currency = formats.Currency(required=True)
    includes_tax = fields.Bool(required=True)
    prices = fields.List(fields.Nested(BreakSchema()), required=True, max_length=MOST_RULES)
    discounts = fields.List(fields.Nested(DiscountRuleSchema()), required=True)
    valid_from = fields.AwareDateTime(required=True, allow_none=True)
    valid_until = fields.AwareDateTime(required=True, allow_none=True)
    levels_up = fields.Int(required=True, allow_none=True)


class TaxRuleSchema(fields.Schema):
    """The rate of a tax code since an instant."""

    code = fields.Str(required=True)
    basis_points = fields.Int(required=True)
    valid_from = fields.AwareDateTime(required=True)


class ItemSchema(fields.Schema):
    """A product on sale."""

    id = fields.Uuid(required=True)
    tax_code = fields.Str(required=True, allow_none=True)
    category = fields.Str(required=True, allow_none=True)


class RulesSchema(fields.Schema):
    """Everything that decides what an account pays; `version` is raised when a phone must learn a new rule."""

    version = fields.Int(required=True)
    discount_limit_basis_points = fields.Int(required=True)
    products = fields.List(fields.Nested(ItemSchema()), required=True, max_length=MOST_RULES)
    lists = fields.List(fields.Nested(ListRuleSchema()), required=True, max_length=MOST_RULES)
    taxes = fields.List(fields.Nested(TaxRuleSchema()), required=True, max_length=MOST_RULES)


class RulesQuery(fields.Query):
    """Whose rules."""

    account_id = fields.Uuid(required=True)
