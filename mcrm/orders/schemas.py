"""Wire shapes of orders."""

from mcrm.api import fields, formats
from mcrm.api.paging import PageQuery
from mcrm.orders.models import OrderKind, OrderStatus, PaymentStatus


class OrderLineSchema(fields.Schema):
    """One line; prices in minor units of the order's currency."""

    id = fields.Uuid(required=True)
    line_number = fields.Int(required=True)
    product_id = fields.Uuid(required=True, allow_none=True)
    description = fields.Str(required=True, max_length=500)
    quantity = fields.Int(required=True)
    unit_price = fields.Money(required=True, minimum=-(10**12))
    total = fields.Money(required=True, minimum=-(10**15), maximum=10**15)


class OrderSchema(fields.Schema):
    """An order without its lines, as lists show it."""

    id = fields.Uuid(required=True)
    rev = fields.Int(required=True)
    number = fields.Str(required=True)
    kind = fields.Enum(OrderKind, required=True)
    status = fields.Enum(OrderStatus, required=True)
    payment_status = fields.Enum(PaymentStatus, required=True)
    contact_id = fields.Uuid(required=True)
    account_id = fields.Uuid(required=True)
    currency = formats.Currency(required=True)
    total = fields.Money(required=True, minimum=-(10**15), maximum=10**15)
    placed_at = fields.AwareDateTime(required=True)
    expected_on = fields.Date(required=True, allow_none=True)
    reference = fields.Str(required=True, allow_none=True)


class FullOrderSchema(OrderSchema):
    """An order with its lines."""

    lines = fields.List(fields.Nested(OrderLineSchema()), required=True, max_length=2000)


class WantedSchema(fields.Schema):
    """A product and how many of it."""

    product_id = fields.Uuid(required=True)
    quantity = fields.Int(required=True, minimum=1, maximum=1_000_000)


class NewOrderSchema(fields.Schema):
    """An order to be placed."""

    contact_id = fields.Uuid(required=True)
    lines = fields.List(fields.Nested(WantedSchema()), required=True, max_length=500, metadata={"minItems": 1})
    reference = fields.Str(load_default=None, allow_none=True)


class OwnOrderQuery(PageQuery):
    """Filters of the list of one's own orders."""

    number = fields.Str(load_default=None, max_length=40)
    status = fields.Enum(OrderStatus, load_default=None)


class OrderQuery(OwnOrderQuery):
    """Filters of the list of orders."""

    contact_id = fields.Uuid(load_default=None)


class NewShipmentSchema(fields.Schema):
    """What leaves."""

    carrier = fields.Str(required=True, max_length=80)
    tracking_number = fields.Str(load_default=None, allow_none=True, max_length=80)
    expected_on = fields.Date(load_default=None, allow_none=True)


class ShipmentSchema(fields.Schema):
    """What left."""

    id = fields.Uuid(required=True)
    order_id = fields.Uuid(required=True)
    carrier = fields.Str(required=True)
    tracking_number = fields.Str(required=True, allow_none=True)
    expected_on = fields.Date(required=True, allow_none=True)
    shipped_at = fields.AwareDateTime(required=True)


class CancellationSchema(fields.Schema):
    """Why not."""

    reason = fields.Str(load_default=None, allow_none=True)


class NothingSchema(fields.Schema):
    """An empty object."""
