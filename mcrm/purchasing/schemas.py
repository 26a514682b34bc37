"""Wire shapes of purchasing."""

from mcrm.api.fields import AwareDateTime, Enum, Int, Schema, Str, Uuid
from mcrm.api.paging import PageQuery
from mcrm.stock.models import RequestState

MOST = 1_000_000


class PurchaseRequestInSchema(Schema):
    """More of a stock item, please."""

    stock_item_id = Uuid(required=True)
    quantity = Int(minimum=1, maximum=MOST, required=True)


class PurchaseRequestSchema(Schema):
    """A wish to buy more of a stock item, and what became of it."""

    id = Uuid(required=True)
    rev = Int(required=True)
    stock_item_id = Uuid(required=True)
    quantity = Int(required=True)
    state = Enum(RequestState, required=True)
    received_quantity = Int(required=True, allow_none=True)
    reference = Str(required=True, allow_none=True)
    created_at = AwareDateTime(required=True)
    ordered_at = AwareDateTime(required=True, allow_none=True)
    ended_at = AwareDateTime(required=True, allow_none=True)


class PurchaseRequestQuery(PageQuery):
    """Filters of the list of purchase requests."""

    state = Enum(RequestState, load_default=None)


class SupplierOrderSchema(Schema):
    """The supplier's own name of the order."""

    reference = Str(load_default=None, allow_none=True)


class GoodsReceiptSchema(Schema):
    """How many came; without, as many as were asked for."""

    quantity = Int(minimum=1, maximum=MOST, load_default=None, allow_none=True)


class GivenUpSchema(Schema):
    """Why not."""

    reason = Str(load_default=None, allow_none=True)
