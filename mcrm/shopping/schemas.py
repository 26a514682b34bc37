"""Wire shapes of what customers order themselves."""

from mcrm.api import fields, formats
from mcrm.api.paging import PageQuery
from mcrm.carriers.schemas import SeenEventSchema
from mcrm.orders.models import OrderStatus
from mcrm.orders.schemas import FullOrderSchema, ShipmentSchema
from mcrm.pricing.rules import LARGEST_TOTAL
from mcrm.pricing.schemas import MOST_LINES, OwnWantedSchema, PricesSchema

AGREED = {"description": "What you were shown; if it costs anything else by now, nothing is ordered (409)"}
LONGEST_NAME = 500


class OnSaleSchema(fields.Schema):
    """Something on sale, without what it costs."""

    id = fields.Uuid(required=True)
    code = fields.Str(required=True)
    name = fields.Str(required=True)
    description = fields.Str(required=True, allow_none=True, max_length=5000)
    category = fields.Str(required=True, allow_none=True)
    unit = fields.Str(required=True, allow_none=True)
    picture_url = formats.Url(required=True, allow_none=True)


class PieceSchema(fields.Schema):
    """What one piece costs, tax and all."""

    currency = formats.Currency(required=True)
    total = fields.Money(required=True, maximum=LARGEST_TOTAL)


class OfferedProductSchema(OnSaleSchema):
    """Something on sale, with the price of one piece to you (null: ask us), and whether any are left."""

    price = fields.Nested(PieceSchema(), required=True, allow_none=True)
    is_available = fields.Bool(required=True)


class CatalogueQuery(PageQuery):
    """What to look for."""

    q = fields.Str(
        max_length=100,
        load_default=None,
        metadata={"description": "Words of name or category, in any order, or the code's beginning; accents are alike"},
    )
    category = fields.Str(max_length=100, load_default=None)


class OwnNewOrderSchema(fields.Schema):
    """What you order."""

    lines = fields.List(fields.Nested(OwnWantedSchema()), required=True, min_length=1, max_length=MOST_LINES)
    reference = fields.Str(load_default=None, allow_none=True)
    expected_total = fields.Money(load_default=None, allow_none=True, maximum=LARGEST_TOTAL, metadata=AGREED)


class AgainSchema(fields.Schema):
    """The price that you agree to."""

    expected_total = fields.Money(load_default=None, allow_none=True, maximum=LARGEST_TOTAL, metadata=AGREED)


class RepeatSchema(PricesSchema):
    """What the same again would cost now, and what of it is not sold any more."""

    gone = fields.List(fields.Str(max_length=LONGEST_NAME), required=True, max_length=2000)


class RepeatedOrderSchema(FullOrderSchema):
    """The new order, and what of the former one is not sold any more."""

    gone = fields.List(fields.Str(max_length=LONGEST_NAME), required=True, max_length=2000)


class CarriedShipmentSchema(ShipmentSchema):
    """A parcel, and what its carrier reported, the latest first."""

    events = fields.List(fields.Nested(SeenEventSchema()), required=True, max_length=1000)


class TrackingSchema(fields.Schema):
    """Where an order is."""

    number = fields.Str(required=True)
    status = fields.Enum(OrderStatus, required=True)
    expected_on = fields.Date(required=True, allow_none=True)
    shipments = fields.List(fields.Nested(CarriedShipmentSchema()), required=True, max_length=1000)
