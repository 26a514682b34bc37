"""Wire shapes of products and price lists; prices are in minor units of the list's currency."""

from mcrm.api.fields import AwareDateTime, Bool, Int, List, Money, Nested, Schema, Str, Uuid
from mcrm.api.formats import Currency, JsonObject, Url
from mcrm.api.paging import PageQuery
from mcrm.taxes.schemas import TAX_CODE, WHOLE

MOST_DISCOUNTS = 100


class ProductSchema(Schema):
    """Something we sell."""

    id = Uuid(required=True)
    rev = Int(required=True)
    code = Str(required=True)
    name = Str(required=True)
    description = Str(required=True, allow_none=True, max_length=5000)
    category = Str(required=True, allow_none=True)
    unit = Str(required=True, allow_none=True)
    picture_url = Url(required=True, allow_none=True)
    is_active = Bool(required=True)
    tax_code = Str(required=True, allow_none=True, max_length=40)
    updated_at = AwareDateTime(required=True)


class ProductInSchema(Schema):
    """A new product; codes that differ only in case are one."""

    code = Str(required=True, max_length=60)
    name = Str(required=True)
    description = Str(max_length=5000, load_default=None, allow_none=True)
    category = Str(max_length=100, load_default=None, allow_none=True)
    unit = Str(max_length=40, load_default=None, allow_none=True)
    picture_url = Url(load_default=None, allow_none=True)
    is_active = Bool(load_default=True)
    tax_code = Str(max_length=40, pattern=TAX_CODE, load_default=None, allow_none=True)
    custom = JsonObject(load_default=dict)


class ProductChangeSchema(Schema):
    """What may change of a product."""

    code = Str(max_length=60)
    name = Str()
    description = Str(max_length=5000, allow_none=True)
    category = Str(max_length=100, allow_none=True)
    unit = Str(max_length=40, allow_none=True)
    picture_url = Url(allow_none=True)
    is_active = Bool()
    tax_code = Str(max_length=40, pattern=TAX_CODE, allow_none=True)
    custom = JsonObject()


class ProductQuery(PageQuery):
    """Filters of the list of products."""

    q = Str(
        max_length=100,
        load_default=None,
        metadata={"description": "Words of name or category, in any order, or the code's beginning; accents are alike"},
    )
    category = Str(max_length=100, load_default=None)
    is_active = Bool(load_default=None)


class DiscountSchema(Schema):
    """Off one product, or one category, or (neither named) everything in the list, from a quantity on."""

    product_id = Uuid(load_default=None, allow_none=True)
    category = Str(max_length=100, load_default=None, allow_none=True)
    min_quantity = Int(minimum=1, maximum=1_000_000, load_default=1)
    basis_points = Int(required=True, minimum=1, maximum=WHOLE)


class PriceListSchema(Schema):
    """Prices in one currency, for a time, for whom it applies; the lowest `rank` that applies wins."""

    id = Uuid(required=True)
    rev = Int(required=True)
    name = Str(required=True)
    currency = Currency(required=True)
    valid_from = AwareDateTime(required=True, allow_none=True)
    valid_until = AwareDateTime(required=True, allow_none=True)
    account_id = Uuid(required=True, allow_none=True)
    account_class = Str(required=True, allow_none=True)
    rank = Int(required=True)
    includes_tax = Bool(required=True)
    discounts = List(Nested(DiscountSchema()), required=True, max_length=MOST_DISCOUNTS)
    updated_at = AwareDateTime(required=True)


class PriceListInSchema(Schema):
    """A new price list; without dates it is in force at once. Its prices hold the tax unless it says otherwise."""

    name = Str(required=True, max_length=100)
    currency = Currency(required=True)
    valid_from = AwareDateTime(load_default=None, allow_none=True)
    valid_until = AwareDateTime(load_default=None, allow_none=True)
    account_id = Uuid(load_default=None, allow_none=True)
    account_class = Str(max_length=40, load_default=None, allow_none=True)
    rank = Int(minimum=0, maximum=10_000, load_default=100)
    includes_tax = Bool(load_default=True)
    discounts = List(Nested(DiscountSchema()), load_default=list, max_length=MOST_DISCOUNTS)


class PriceListChangeSchema(Schema):
    """What may change of a price list."""

    name = Str(max_length=100)
    valid_from = AwareDateTime(allow_none=True)
    valid_until = AwareDateTime(allow_none=True)
    rank = Int(minimum=0, maximum=10_000)
    discounts = List(Nested(DiscountSchema()), max_length=MOST_DISCOUNTS)


class PriceListQuery(PageQuery):
    """Filters of the list of price lists."""

    account_id = Uuid(load_default=None)
    account_class = Str(max_length=40, load_default=None)


class PriceQuery(PageQuery):
    """Filters of the prices of a list."""

    product_id = Uuid(load_default=None)


class PriceSchema(Schema):
    """The price of one product in a list, from a quantity on."""

    id = Uuid(required=True)
    rev = Int(required=True)
    price_list_id = Uuid(required=True)
    product_id = Uuid(required=True)
    min_quantity = Int(required=True)
    unit_price = Money(required=True)


class PriceInSchema(Schema):
    """A price to be set; one that stands for the same product and quantity is replaced."""

    product_id = Uuid(required=True)
    min_quantity = Int(minimum=1, maximum=1_000_000, load_default=1)
    unit_price = Money(required=True)
