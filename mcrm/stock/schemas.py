"""Wire shapes of stock."""

from enum import StrEnum

from mcrm.api.fields import AwareDateTime, Bool, Enum, Int, Nested, Schema, Str, Uuid
from mcrm.api.paging import PageQuery
from mcrm.stock.models import MoveKind

MOST = 1_000_000


class HandKind(StrEnum):
    """The kinds of movement that people enter; the others are made by what causes them."""

    RECEIPT = MoveKind.RECEIPT.value
    ADJUSTMENT = MoveKind.ADJUSTMENT.value
    SCRAP = MoveKind.SCRAP.value


class StockItemSchema(Schema):
    """Pieces of a product at a location; `available` of them can still be promised."""

    id = Uuid(required=True)
    rev = Int(required=True)
    product_id = Uuid(required=True)
    location = Str(required=True)
    on_hand = Int(required=True)
    reserved = Int(required=True)
    available = Int(required=True)
    reorder_point = Int(required=True, allow_none=True)
    reorder_quantity = Int(required=True, allow_none=True)
    updated_at = AwareDateTime(required=True)


class StockItemChangeSchema(Schema):
    """When to buy anew (fewer than `reorder_point` left to promise; null: never), and how many."""

    reorder_point = Int(minimum=0, maximum=MOST, allow_none=True)
    reorder_quantity = Int(minimum=1, maximum=MOST, allow_none=True)


class StockMoveInSchema(Schema):
    """Pieces that come in (positive) or go out (negative) outside of orders, and why."""

    product_id = Uuid(required=True)
    quantity = Int(minimum=-MOST, maximum=MOST, required=True)
    reason = Str(required=True, max_length=200)
    location = Str(max_length=60, load_default="main")
    kind = Enum(HandKind, load_default=HandKind.ADJUSTMENT)


class StockMoveSchema(Schema):
    """One movement, and what caused it."""

    id = Uuid(required=True)
    stock_item_id = Uuid(required=True)
    kind = Enum(MoveKind, required=True)
    quantity = Int(required=True)
    reason = Str(required=True)
    subject_type = Str(required=True, allow_none=True)
    subject_id = Uuid(required=True, allow_none=True)
    created_at = AwareDateTime(required=True)


class StockTransferSchema(Schema):
    """Pieces carried from one location to another."""

    product_id = Uuid(required=True)
    quantity = Int(minimum=1, maximum=MOST, required=True)
    source = Str(required=True, max_length=60)
    target = Str(required=True, max_length=60)
    reason = Str(max_length=200, load_default="transferred")


class TransferredSchema(Schema):
    """Both stock items as they are afterwards."""

    source = Nested(StockItemSchema(), required=True)
    target = Nested(StockItemSchema(), required=True)


class StockQuery(PageQuery):
    """Filters of the list of stock items."""

    product_id = Uuid(load_default=None)
    location = Str(max_length=60, load_default=None)


class StockMoveQuery(PageQuery):
    """Filters of the list of movements."""

    stock_item_id = Uuid(load_default=None)
    kind = Enum(MoveKind, load_default=None)


class StockLocationInSchema(Schema):
    """A place where pieces stand; orders are served from it when it sells."""

    code = Str(required=True, max_length=60)
    name = Str(required=True, max_length=100)
    sells = Bool(load_default=True)


class StockLocationChangeSchema(Schema):
    """What of a location may change."""

    name = Str(max_length=100)
    sells = Bool()


class StockLocationSchema(Schema):
    """A place where pieces stand. A location without a row sells."""

    id = Uuid(required=True)
    rev = Int(required=True)
    code = Str(required=True)
    name = Str(required=True)
    sells = Bool(required=True)
