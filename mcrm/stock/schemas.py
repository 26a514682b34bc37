"""Wire shapes of stock."""

from mcrm.api.fields import AwareDateTime, Int, Schema, Str, Uuid
from mcrm.api.paging import PageQuery


class StockItemSchema(Schema):
    """Pieces of a product at a location; `on_hand - reserved` can still be promised."""

    id = Uuid(required=True)
    rev = Int(required=True)
    product_id = Uuid(required=True)
    location = Str(required=True)
    on_hand = Int(required=True)
    reserved = Int(required=True)
    updated_at = AwareDateTime(required=True)


class StockMoveInSchema(Schema):
    """Pieces that come in (positive) or go out (negative) outside of orders, and why."""

    product_id = Uuid(required=True)
    quantity = Int(minimum=-1_000_000, maximum=1_000_000, required=True)
    reason = Str(required=True, max_length=200)
    location = Str(max_length=60, load_default="main")


class StockQuery(PageQuery):
    """Filters of the list of stock items."""

    product_id = Uuid(load_default=None)
