"""Stock leases over HTTP; devices ask for them and give them back by sync as well."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of
from mcrm.api.rows import compile_rows
from mcrm.db import reading
from mcrm.leases import service
from mcrm.leases.models import StockLease
from mcrm.leases.schemas import NewStockLeaseSchema, StockLeaseQuery, StockLeaseReturnSchema, StockLeaseSchema
from mcrm.products import service as products
from mcrm.transaction import perform

blueprint = Blueprint(
    "stock-leases", __name__, url_prefix="/v1/stock-leases", description="Stock kept for who sells without a network."
)
SELLERS = (Role.ADMIN, Role.MANAGER, Role.REP)
ROWS = compile_rows(StockLeaseSchema(), StockLease.__table__)
COLUMNS = select(*ROWS.columns)


@blueprint.route("", roles=SELLERS)
class StockLeases(MethodView):
    """All of them."""

    @blueprint.arguments(StockLeaseQuery(), location="query")
    @blueprint.response(200, page_of(StockLeaseSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List your stock leases, newest first; managers see those of everybody."""
        found = service.within_reach(COLUMNS, current_actor)
        if (state := query.pop("state")) is not None:
            found = found.where(service.TABLE.c.state == state.value)
        for name in ("product_id", "rep_id"):
            if (id_ := query.pop(name)) is not None:
                found = found.where(service.TABLE.c[name] == id_)
        return ROWS.listed(found, [service.TABLE.c.id.desc()], **query)

    @blueprint.arguments(NewStockLeaseSchema())
    @blueprint.response(201, StockLeaseSchema())
    def post(self, facts: dict[str, Any]) -> StockLease:
        """Keep pieces of a product until a time; orders of whom they are kept for draw on them."""

        def work(session: Session) -> StockLease:
            products.reachable(session, current_actor, facts["product_id"], field="product_id")
            return service.grant(session, current_actor, **facts)

        return perform(work)


@blueprint.route("/<uuid:id>", roles=SELLERS)
class OneStockLease(MethodView):
    """One of them."""

    @blueprint.response(200, StockLeaseSchema())
    def get(self, id: UUID) -> StockLease:
        """One stock lease."""
        with reading() as session:
            return service.reachable(session, current_actor, id)


@blueprint.route("/<uuid:id>/return", roles=SELLERS)
class StockLeaseReturn(MethodView):
    """What was not sold."""

    @blueprint.arguments(StockLeaseReturnSchema())
    @blueprint.response(201, StockLeaseSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> StockLease:
        """Give pieces back, or all that is left."""
        return perform(lambda session: service.give_back(session, current_actor, id, **facts))
