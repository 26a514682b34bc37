"""Stock over HTTP. Orders move it by themselves; here it is looked at, counted and received."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import STAFF, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of
from mcrm.api.rows import compile_rows
from mcrm.db import reading
from mcrm.products import service as products
from mcrm.stock import service
from mcrm.stock.models import StockItem
from mcrm.stock.schemas import StockItemSchema, StockMoveInSchema, StockQuery
from mcrm.transaction import perform

blueprint = Blueprint("stock", __name__, url_prefix="/v1", description="How much of it there is.")
ROWS = compile_rows(StockItemSchema(), StockItem)


@blueprint.route("/stock-items", roles=STAFF)
class StockItems(MethodView):
    """All of them."""

    @blueprint.arguments(StockQuery(), location="query")
    @blueprint.response(200, page_of(StockItemSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List what is in stock."""
        found = select(StockItem)
        if (product_id := query.pop("product_id")) is not None:
            found = found.where(StockItem.product_id == product_id)
        return ROWS.listed(found, [StockItem.id], **query)


@blueprint.route("/stock-items/<uuid:id>", roles=STAFF)
@blueprint.etag
class OneStockItem(MethodView):
    """One of them."""

    @blueprint.response(200, StockItemSchema())
    def get(self, id: UUID) -> StockItem:
        """One product at one location."""
        with reading() as session:
            return service.get(session, id)


@blueprint.route("/stock-moves", roles={Role.ADMIN, Role.MANAGER})
class StockMoves(MethodView):
    """Goods received, counted, broken."""

    @blueprint.arguments(StockMoveInSchema())
    @blueprint.response(201, StockItemSchema())
    def post(self, facts: dict[str, Any]) -> StockItem:
        """Move pieces in or out; the answer is what is there afterwards."""

        def work(session: Session) -> StockItem:
            products.reachable(session, current_actor, facts["product_id"], field="product_id")
            return service.move(session, current_actor, **facts)

        return perform(work)
