"""Purchase requests over HTTP: made when stock runs low or by hand, ordered, received."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy import select

from mcrm.actors import STAFF, Area, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of
from mcrm.api.rows import compile_rows
from mcrm.db import reading
from mcrm.purchasing import service
from mcrm.purchasing.schemas import (
    GivenUpSchema,
    GoodsReceiptSchema,
    PurchaseRequestInSchema,
    PurchaseRequestQuery,
    PurchaseRequestSchema,
    SupplierOrderSchema,
)
from mcrm.stock.models import PurchaseRequest
from mcrm.transaction import perform

blueprint = Blueprint(
    "purchasing", __name__, url_prefix="/v1/purchase-requests", area=Area.STOCK, description="What is to be bought."
)
KEEPERS = (Role.ADMIN, Role.MANAGER)
TABLE = PurchaseRequest.__table__
ROWS = compile_rows(PurchaseRequestSchema(), TABLE)


@blueprint.route("", roles=STAFF)
class PurchaseRequests(MethodView):
    """All of them."""

    @blueprint.arguments(PurchaseRequestQuery(), location="query")
    @blueprint.response(200, page_of(PurchaseRequestSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the purchase requests, newest first."""
        found = select(*ROWS.columns)
        if (state := query.pop("state")) is not None:
            found = found.where(TABLE.c.state == state.value)
        return ROWS.listed(found, [TABLE.c.id.desc()], **query)

    @blueprint.allow(*KEEPERS)
    @blueprint.arguments(PurchaseRequestInSchema())
    @blueprint.response(201, PurchaseRequestSchema())
    def post(self, facts: dict[str, Any]) -> PurchaseRequest:
        """Ask for more of a stock item by hand."""
        return perform(lambda session: service.request(session, current_actor, **facts))


@blueprint.route("/<uuid:id>", roles=STAFF)
@blueprint.etag
class OnePurchaseRequest(MethodView):
    """One of them."""

    @blueprint.response(200, PurchaseRequestSchema())
    def get(self, id: UUID) -> PurchaseRequest:
        """One purchase request."""
        with reading() as session:
            return service.get(session, id)


@blueprint.route("/<uuid:id>/order", roles=KEEPERS)
class SupplierOrder(MethodView):
    """It was ordered."""

    @blueprint.arguments(SupplierOrderSchema())
    @blueprint.response(201, PurchaseRequestSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> PurchaseRequest:
        """Note that it was ordered from the supplier."""
        return perform(lambda session: service.order(session, current_actor, request_id=id, **facts))


@blueprint.route("/<uuid:id>/receipt", roles=KEEPERS)
class Receipt(MethodView):
    """The goods came."""

    @blueprint.arguments(GoodsReceiptSchema())
    @blueprint.response(201, PurchaseRequestSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> PurchaseRequest:
        """Take the goods in; they are on hand at once."""
        return perform(lambda session: service.receive(session, current_actor, request_id=id, **facts))


@blueprint.route("/<uuid:id>/cancellation", roles=KEEPERS)
class Cancellation(MethodView):
    """It will not come."""

    @blueprint.arguments(GivenUpSchema())
    @blueprint.response(201, PurchaseRequestSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> PurchaseRequest:
        """Give a purchase request up."""
        return perform(lambda session: service.cancel(session, current_actor, request_id=id, **facts))
