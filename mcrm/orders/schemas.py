"""Wire shapes of orders."""

from typing import Any

import marshmallow as ma
from marshmallow import validates_schema

from mcrm.api import fields, formats
from mcrm.api.paging import PageQuery
from mcrm.orders.models import OrderKind, OrderStatus, PaymentStatus
from mcrm.pricing.schemas import MOST_LINES, WantedSchema

FOUND_BY = "The order's number, or a tracking number"


class OrderLineSchema(fields.Schema):
    """One line; money in minor units of the order's currency, rates in basis points. `total` = `net` + `tax`.

    `unit_price` is before the discount, and holds the tax where `includes_tax`.
    """

    id = fields.Uuid(required=True)
    line_number = fields.Int(required=True)
    product_id = fields.Uuid(required=True, allow_none=True)
    description = fields.Str(required=True, max_length=500)
    quantity = fields.Int(required=True)
    unit_price = fields.Money(required=True, minimum=-(10**12))
    includes_tax = fields.Bool(required=True)
    discount_basis_points = fields.Int(required=True)
    tax_basis_points = fields.Int(required=True)
    net = fields.Money(required=True, minimum=-(10**15), maximum=10**15)
    tax = fields.Money(required=True, minimum=-(10**15), maximum=10**15)
    total = fields.Money(required=True, minimum=-(10**15), maximum=10**15)
    shipped_quantity = fields.Int(required=True)
    cancelled_quantity = fields.Int(required=True)


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
    net_total = fields.Money(required=True, minimum=-(10**15), maximum=10**15)
    tax_total = fields.Money(required=True, minimum=-(10**15), maximum=10**15)
    total = fields.Money(required=True, minimum=-(10**15), maximum=10**15)
    placed_at = fields.AwareDateTime(required=True)
    expected_on = fields.Date(required=True, allow_none=True)
    reference = fields.Str(required=True, allow_none=True)


class FullOrderSchema(OrderSchema):
    """An order with its lines."""

    lines = fields.List(fields.Nested(OrderLineSchema()), required=True, max_length=2000)


class NewOrderSchema(fields.Schema):
    """An order to be placed."""

    contact_id = fields.Uuid(required=True)
    lines = fields.List(fields.Nested(WantedSchema()), required=True, max_length=MOST_LINES, metadata={"minItems": 1})
    reference = fields.Str(load_default=None, allow_none=True)


class OwnOrderQuery(PageQuery):
    """Filters of the list of one's own orders."""

    number = fields.Str(load_default=None, max_length=40)
    status = fields.Enum(OrderStatus, load_default=None)
    kind = fields.Enum(OrderKind, load_default=None)
    placed_from = fields.AwareDateTime(load_default=None)
    placed_until = fields.AwareDateTime(
        load_default=None, metadata={"description": "Not included: the next day begins where one ends"}
    )


class OrderQuery(OwnOrderQuery):
    """Filters of the list of orders."""

    q = fields.Str(load_default=None, min_length=2, max_length=100, metadata={"description": FOUND_BY})
    contact_id = fields.Uuid(load_default=None)
    account_id = fields.Uuid(load_default=None)


class PiecesSchema(fields.Schema):
    """So many pieces of one order line."""

    line_id = fields.Uuid(required=True)
    quantity = fields.Int(required=True, minimum=1, maximum=1_000_000)


class LineChangeSchema(fields.Schema):
    """Either a line and its new quantity (0 drops it), or a product and how many of it to add."""

    either = {"line_id": {}, "product_id": {"quantity": {"minimum": 1}}}

    line_id = fields.Uuid()
    product_id = fields.Uuid()
    quantity = fields.Int(required=True, minimum=0, maximum=1_000_000)

    @validates_schema
    def check(self, data: dict[str, Any], **unused: Any) -> None:
        """One of the two ids, and no new line of nothing."""
        if ("line_id" in data) == ("product_id" in data):
            raise ma.ValidationError("Name either a line_id or a product_id.", "line_id")
        if "product_id" in data and data.get("quantity") == 0:
            raise ma.ValidationError("A new line has at least one piece.", "quantity")


class LineChangesSchema(fields.Schema):
    """What changes; lines that are not named stay as they are."""

    lines = fields.List(fields.Nested(LineChangeSchema()), required=True, min_length=1, max_length=500)


class OrderLinesSchema(fields.Schema):
    """The lines of an order, with the revision that a change of them must name."""

    rev = fields.Int(required=True)
    currency = formats.Currency(required=True)
    total = fields.Money(required=True, minimum=-(10**15), maximum=10**15)
    lines = fields.List(fields.Nested(OrderLineSchema()), required=True, max_length=2000)


class NewShipmentSchema(fields.Schema):
    """What leaves: these pieces, or without `lines` all that is left."""

    carrier = fields.Str(required=True, max_length=80)
    tracking_number = fields.Str(load_default=None, allow_none=True, max_length=80)
    expected_on = fields.Date(load_default=None, allow_none=True)
    lines = fields.List(
        fields.Nested(PiecesSchema()), load_default=None, allow_none=True, min_length=1, max_length=2000
    )


class ShipmentSchema(fields.Schema):
    """What left."""

    id = fields.Uuid(required=True)
    order_id = fields.Uuid(required=True)
    carrier = fields.Str(required=True)
    tracking_number = fields.Str(required=True, allow_none=True)
    tracking_status = fields.Str(required=True, allow_none=True)
    expected_on = fields.Date(required=True, allow_none=True)
    shipped_at = fields.AwareDateTime(required=True)
    delivered_at = fields.AwareDateTime(required=True, allow_none=True)


class FullShipmentSchema(ShipmentSchema):
    """What left, and what was in it."""

    lines = fields.List(fields.Nested(PiecesSchema()), required=True, max_length=2000)


class CancellationSchema(fields.Schema):
    """Why not, and which pieces; without `lines` the whole order."""

    reason = fields.Str(load_default=None, allow_none=True)
    lines = fields.List(
        fields.Nested(PiecesSchema()), load_default=None, allow_none=True, min_length=1, max_length=2000
    )


class NothingSchema(fields.Schema):
    """An empty object."""
