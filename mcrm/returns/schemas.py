"""Wire shapes of returns."""

from mcrm.api import fields
from mcrm.api.paging import PageQuery
from mcrm.orders.schemas import PiecesSchema
from mcrm.returns.models import ReturnReason, ReturnState, Verdict

FOUND_BY = "The order's number"


class NewReturnSchema(fields.Schema):
    """What is to come back, and why."""

    lines = fields.List(fields.Nested(PiecesSchema()), required=True, min_length=1, max_length=2000)
    reason = fields.Enum(ReturnReason, required=True)
    detail = fields.Str(load_default=None, allow_none=True, max_length=1000)


class ReturnSchema(fields.Schema):
    """A return without its lines, as lists show it; `credit_order_id` is the credit that came of it."""

    id = fields.Uuid(required=True)
    rev = fields.Int(required=True)
    order_id = fields.Uuid(required=True)
    state = fields.Enum(ReturnState, required=True)
    reason = fields.Str(required=True)
    detail = fields.Str(required=True, allow_none=True, max_length=1000)
    credit_order_id = fields.Uuid(required=True, allow_none=True)
    created_at = fields.AwareDateTime(required=True)


class ReturnLineSchema(fields.Schema):
    """So many pieces of an order line; the rest is known after inspection."""

    line_id = fields.Uuid(required=True, attribute="order_line_id")
    quantity = fields.Int(required=True)
    verdict = fields.Enum(Verdict, required=True, allow_none=True)
    refundable_quantity = fields.Int(required=True, allow_none=True)


class FullReturnSchema(ReturnSchema):
    """A return with its lines."""

    lines = fields.List(fields.Nested(ReturnLineSchema()), required=True, max_length=2000)


class InspectedLineSchema(fields.Schema):
    """What becomes of the returned pieces of one order line, and how many are refunded."""

    line_id = fields.Uuid(required=True)
    verdict = fields.Enum(Verdict, required=True)
    refundable_quantity = fields.Int(required=True, minimum=0, maximum=1_000_000)


class InspectionSchema(fields.Schema):
    """A finding for every line of the return."""

    lines = fields.List(fields.Nested(InspectedLineSchema()), required=True, min_length=1, max_length=2000)


class ReturnQuery(PageQuery):
    """Filters of the list of returns."""

    q = fields.Str(load_default=None, min_length=2, max_length=100, metadata={"description": FOUND_BY})
    order_id = fields.Uuid(load_default=None)
    state = fields.Enum(ReturnState, load_default=None)
