"""What customers order themselves, over HTTP: the catalogue, and every step of the own orders."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from mcrm import filters
from mcrm.actors import Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import PAGING, page_of
from mcrm.api.rows import compile_rows
from mcrm.contacts import service as contacts
from mcrm.db import reading
from mcrm.orders import service
from mcrm.orders.changing import Change
from mcrm.orders.resources import full, listed, pieces_of, shown
from mcrm.orders.schemas import (
    CancellationSchema,
    FullOrderSchema,
    LineChangesSchema,
    OrderLinesSchema,
    OrderSchema,
    OwnOrderQuery,
    ShipmentSchema,
)
from mcrm.pricing import resources as prices
from mcrm.products.models import Product
from mcrm.shopping import catalogue as on_sale
from mcrm.shopping import service as shopping
from mcrm.shopping.schemas import (
    AgainSchema,
    CatalogueQuery,
    OfferedProductSchema,
    OnSaleSchema,
    OwnNewOrderSchema,
    RepeatedOrderSchema,
    RepeatSchema,
    TrackingSchema,
)
from mcrm.shopping.service import Carried
from mcrm.transaction import perform

catalogue = Blueprint("catalogue", __name__, url_prefix="/v1/me/catalogue", description="What customers can order.")
orders = Blueprint("own-orders", __name__, url_prefix="/v1/me/orders", description="What customers ordered.")
ROWS = compile_rows(OnSaleSchema(), Product)
SHIPMENT = tuple(ShipmentSchema().fields)


@catalogue.route("", roles={Role.CUSTOMER})
class Catalogue(MethodView):
    """What is on sale."""

    @catalogue.arguments(CatalogueQuery(), location="query")
    @catalogue.response(200, page_of(OfferedProductSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List what is on sale, by name, with what one piece costs you and whether any are left."""
        assert current_actor.contact_id is not None
        with reading() as session:
            payer = contacts.account_of(session, current_actor, current_actor.contact_id)
        page = {name: query.pop(name) for name in PAGING}

        def priced(connection: Connection, items: list[dict[str, Any]]) -> None:
            on_sale.price(connection, payer, items)

        found = filters.products(current_actor, **query)
        return ROWS.listed(found, [Product.name, Product.id], amend=priced, **page)


@orders.route("", roles={Role.CUSTOMER})
class OwnOrders(MethodView):
    """One's own."""

    @orders.arguments(OwnOrderQuery(), location="query")
    @orders.response(200, page_of(OrderSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List your orders, newest first."""
        return listed(query)

    @orders.arguments(OwnNewOrderSchema())
    @orders.response(201, FullOrderSchema())
    @orders.alt_response(409, description="It is out of stock, or costs something else by now")
    def post(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Order something, at your prices; `/v1/me/prices` says before what it costs."""
        assert current_actor.contact_id is not None
        lines, contact_id = prices.wanted(facts.pop("lines")), current_actor.contact_id

        def work(session: Session) -> dict[str, Any]:
            return shown(*shopping.place(session, current_actor, contact_id=contact_id, lines=lines, **facts))

        return perform(work)


@orders.route("/<uuid:id>", roles={Role.CUSTOMER})
@orders.etag
class OwnOrder(MethodView):
    """One of one's own."""

    @orders.response(200, FullOrderSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """One of your orders with its lines."""
        with reading() as session:
            return full(session, service.reachable(session, current_actor, id))


@orders.route("/<uuid:id>/tracking", roles={Role.CUSTOMER})
class OwnTracking(MethodView):
    """Where it is."""

    @orders.response(200, TrackingSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """Where your order is: its parcels, and what their carriers reported."""
        with reading() as session:
            order, carried = shopping.carried(session, current_actor, order_id=id)
        head = {name: getattr(order, name) for name in ("number", "status", "expected_on")}
        return head | {"shipments": _parcels(carried)}


@orders.route("/<uuid:id>/lines", roles={Role.CUSTOMER})
@orders.etag
class OwnLines(MethodView):
    """What was ordered."""

    @orders.response(200, OrderLinesSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """The lines of your order; the tag is that of the order."""
        with reading() as session:
            return full(session, service.reachable(session, current_actor, id))

    @orders.arguments(LineChangesSchema())
    @orders.response(200, OrderLinesSchema())
    @orders.alt_response(409, description="Something has left, or the order was invoiced and would cost more")
    def patch(self, facts: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Add, change and drop lines of your order while nothing has left."""
        changes = [Change(**line) for line in facts["lines"]]

        def work(session: Session) -> dict[str, Any]:
            check = orders.check_etag
            return full(session, shopping.change(session, current_actor, order_id=id, changes=changes, check=check))

        return perform(work)


@orders.route("/<uuid:id>/cancellation", roles={Role.CUSTOMER})
class OwnCancellation(MethodView):
    """It shall not happen."""

    @orders.arguments(CancellationSchema())
    @orders.response(201, FullOrderSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Cancel your order while nothing has left, or pieces of it that have not."""
        lines = pieces_of(facts)

        def work(session: Session) -> dict[str, Any]:
            return full(session, shopping.cancel(session, current_actor, order_id=id, lines=lines, **facts))

        return perform(work)


@orders.route("/<uuid:id>/reorder", roles={Role.CUSTOMER})
class OwnReorder(MethodView):
    """The same again."""

    @orders.response(200, RepeatSchema())
    @orders.alt_response(409, description="Nothing of it is sold any more")
    def get(self, id: UUID) -> dict[str, Any]:
        """What ordering the same again would cost today, and what of it is gone; nothing is ordered."""
        with reading() as session:
            repeat = shopping.repeat(session, current_actor, order_id=id)
        return prices.shown(repeat.quotation) | {"gone": list(repeat.gone)}

    @orders.arguments(AgainSchema())
    @orders.response(201, RepeatedOrderSchema())
    @orders.alt_response(409, description="Nothing of it is sold any more, or it costs something else by now")
    def post(self, facts: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Order the same again, at today's prices and as far as it is still sold."""

        def work(session: Session) -> dict[str, Any]:
            order, gone = shopping.order_again(session, current_actor, order_id=id, **facts)
            return full(session, order) | {"gone": list(gone)}

        return perform(work)


def _parcels(carried: Sequence[Carried]) -> list[dict[str, Any]]:
    return [
        {name: getattr(one.shipment, name) for name in SHIPMENT}
        | {"events": [{"at": event.at, "status": event.status} for event in one.events]}
        for one in carried
    ]
