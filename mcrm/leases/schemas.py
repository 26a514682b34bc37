"""Wire shapes of stock leases."""

from mcrm.api.fields import AwareDateTime, Enum, Int, Schema, Str, Uuid
from mcrm.api.paging import PageQuery
from mcrm.leases.models import LeaseState
from mcrm.stock.schemas import MOST


class NewStockLeaseSchema(Schema):
    """What is to be kept: where it stands (default: where the most is free), until when (default: as long as may be).

    Managers name `rep_id` to lease for somebody else.
    """

    product_id = Uuid(required=True)
    quantity = Int(required=True, minimum=1, maximum=MOST)
    location = Str(load_default=None, allow_none=True, max_length=60)
    expires_at = AwareDateTime(load_default=None, allow_none=True)
    rep_id = Uuid(load_default=None, allow_none=True)


class StockLeaseSchema(Schema):
    """Pieces kept for somebody. Of `quantity` so many were sold and so many given back; the rest is left."""

    id = Uuid(required=True)
    rev = Int(required=True)
    rep_id = Uuid(required=True)
    product_id = Uuid(required=True)
    location = Str(required=True)
    quantity = Int(required=True)
    sold = Int(required=True)
    given_back = Int(required=True)
    expires_at = AwareDateTime(required=True)
    state = Enum(LeaseState, required=True)
    created_at = AwareDateTime(required=True)
    updated_at = AwareDateTime(required=True)


class StockLeaseReturnSchema(Schema):
    """How many pieces others may have; without it all that is left."""

    quantity = Int(load_default=None, allow_none=True, minimum=1, maximum=MOST)


class StockLeaseQuery(PageQuery):
    """Filters of the list of leases."""

    state = Enum(LeaseState, load_default=None)
    product_id = Uuid(load_default=None)
    rep_id = Uuid(load_default=None)
