"""Stock over HTTP. Orders move it by themselves; here it is looked at, counted, carried about and bought."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import STAFF, Area, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import PageQuery, page_of
from mcrm.api.rows import compile_rows
from mcrm.db import reading
from mcrm.products import service as products
from mcrm.stock import moving, service
from mcrm.stock.models import MoveKind, StockItem, StockLocation, StockMove
from mcrm.stock.schemas import (
    StockItemChangeSchema,
    StockItemSchema,
    StockLocationChangeSchema,
    StockLocationInSchema,
    StockLocationSchema,
    StockMoveInSchema,
    StockMoveQuery,
    StockMoveSchema,
    StockQuery,
    StockTransferSchema,
    TransferredSchema,
)
from mcrm.transaction import perform

blueprint = Blueprint("stock", __name__, url_prefix="/v1", area=Area.STOCK, description="How much of it there is.")
KEEPERS = (Role.ADMIN, Role.MANAGER)
_items, _moves = StockItem.__table__.c, StockMove.__table__.c
ITEMS = compile_rows(StockItemSchema(), StockItem.__table__, available=(_items.on_hand - _items.reserved))
MOVES = compile_rows(StockMoveSchema(), StockMove.__table__)
LOCATIONS = compile_rows(StockLocationSchema(), StockLocation.__table__)


@blueprint.route("/stock-items", roles=STAFF)
class StockItems(MethodView):
    """All of them."""

    @blueprint.arguments(StockQuery(), location="query")
    @blueprint.response(200, page_of(StockItemSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List what is in stock."""
        found = select(*ITEMS.columns)
        for name in ("product_id", "location"):
            if (value := query.pop(name)) is not None:
                found = found.where(_items[name] == value)
        return ITEMS.listed(found, [_items.id], **query)


@blueprint.route("/stock-items/<uuid:id>", roles=STAFF)
@blueprint.etag
class OneStockItem(MethodView):
    """One of them."""

    @blueprint.response(200, StockItemSchema())
    def get(self, id: UUID) -> StockItem:
        """One product at one location."""
        with reading() as session:
            return service.get(session, id)

    @blueprint.allow(*KEEPERS)
    @blueprint.arguments(StockItemChangeSchema())
    @blueprint.response(200, StockItemSchema())
    def patch(self, changes: dict[str, Any], id: UUID) -> StockItem:
        """Say when and how much of it is bought anew."""

        def work(session: Session) -> StockItem:
            item = moving.locked(session, id)
            blueprint.check_etag(item)
            return moving.change_item(session, current_actor, item, changes)

        return perform(work)


@blueprint.route("/stock-moves", roles=STAFF)
class StockMoves(MethodView):
    """Goods received, counted, broken."""

    @blueprint.arguments(StockMoveQuery(), location="query")
    @blueprint.response(200, page_of(StockMoveSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the movements, newest first; those of an item add up to what is on hand."""
        found = select(*MOVES.columns)
        if (item_id := query.pop("stock_item_id")) is not None:
            found = found.where(_moves.stock_item_id == item_id)
        if (kind := query.pop("kind")) is not None:
            found = found.where(_moves.kind == kind.value)
        return MOVES.listed(found, [_moves.id.desc()], **query)

    @blueprint.allow(*KEEPERS)
    @blueprint.arguments(StockMoveInSchema())
    @blueprint.response(201, StockItemSchema())
    def post(self, facts: dict[str, Any]) -> StockItem:
        """Move pieces in or out; the answer is what is there afterwards."""
        kind = MoveKind(facts.pop("kind").value)

        def work(session: Session) -> StockItem:
            products.reachable(session, current_actor, facts["product_id"], field="product_id")
            return moving.move(session, current_actor, kind=kind, **facts)

        return perform(work)


@blueprint.route("/stock-transfers", roles=KEEPERS)
class StockTransfers(MethodView):
    """Goods carried from one location to another."""

    @blueprint.arguments(StockTransferSchema())
    @blueprint.response(201, TransferredSchema())
    def post(self, facts: dict[str, Any]) -> dict[str, StockItem]:
        """Carry pieces that nobody was promised to another location."""

        def work(session: Session) -> dict[str, StockItem]:
            products.reachable(session, current_actor, facts["product_id"], field="product_id")
            source, target = moving.transfer(session, current_actor, **facts)
            return {"source": source, "target": target}

        return perform(work)


@blueprint.route("/stock-locations", roles=STAFF)
class StockLocations(MethodView):
    """Where pieces stand."""

    @blueprint.arguments(PageQuery(), location="query")
    @blueprint.response(200, page_of(StockLocationSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the locations that have a name."""
        table = StockLocation.__table__
        return LOCATIONS.listed(select(*LOCATIONS.columns), [table.c.code, table.c.id], **query)

    @blueprint.allow(*KEEPERS)
    @blueprint.arguments(StockLocationInSchema())
    @blueprint.response(201, StockLocationSchema())
    def post(self, facts: dict[str, Any]) -> StockLocation:
        """Name a location, and say whether orders are served from it."""
        return perform(lambda session: moving.add_location(session, current_actor, **facts))


@blueprint.route("/stock-locations/<uuid:id>", roles=STAFF)
@blueprint.etag
class OneStockLocation(MethodView):
    """One of them."""

    @blueprint.response(200, StockLocationSchema())
    def get(self, id: UUID) -> StockLocation:
        """One location."""
        with reading() as session:
            return moving.location(session, id)

    @blueprint.allow(*KEEPERS)
    @blueprint.arguments(StockLocationChangeSchema())
    @blueprint.response(200, StockLocationSchema())
    def patch(self, changes: dict[str, Any], id: UUID) -> StockLocation:
        """Rename a location, or open or shut it for orders."""

        def work(session: Session) -> StockLocation:
            location = moving.location(session, id)
            blueprint.check_etag(location)
            return moving.change_location(session, current_actor, location, changes)

        return perform(work)
