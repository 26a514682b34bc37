"""Orders over HTTP. A change of state is a thing created."""

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
from mcrm.orders import moving, placing, service
from mcrm.orders.models import Order, Shipment
from mcrm.orders.placing import Wanted
from mcrm.orders.schemas import (
    CancellationSchema,
    FullOrderSchema,
    NewOrderSchema,
    NewShipmentSchema,
    NothingSchema,
    OrderQuery,
    OrderSchema,
    OwnOrderQuery,
    ShipmentSchema,
)
from mcrm.transaction import perform

blueprint = Blueprint("orders", __name__, url_prefix="/v1/orders", description="What was ordered.")
own = Blueprint("own-orders", __name__, url_prefix="/v1/me/orders", description="What customers ordered.")
ROWS = compile_rows(OrderSchema(), service.TABLE)
NEWEST_FIRST = [service.TABLE.c.id.desc()]
COLUMNS = select(*ROWS.columns)
FIELDS = tuple(OrderSchema().fields)


def full(session: Session, order: Order) -> dict[str, Any]:
    """An order with its lines, as the wire shows it."""
    shown: dict[str, Any] = {name: getattr(order, name) for name in FIELDS}
    return shown | {"lines": service.lines_of(session, [order.id])[order.id]}


def listed(query: dict[str, Any]) -> Response:
    """A page of the caller's orders, newest first, by the fast road."""
    found, order = service.within_reach(COLUMNS, current_actor), service.TABLE.c
    if (number := query.pop("number")) is not None:
        found = found.where(order.number_key == service.number_key(number))
    if (contact_id := query.pop("contact_id", None)) is not None:
        found = found.where(order.contact_id == contact_id)
    if (status := query.pop("status")) is not None:
        found = found.where(order.status == status.value)
    return ROWS.listed(found, NEWEST_FIRST, **query)


@blueprint.route("", roles=STAFF)
class Orders(MethodView):
    """All of them."""

    @blueprint.arguments(OrderQuery(), location="query")
    @blueprint.response(200, page_of(OrderSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the orders you see, newest first."""
        return listed(query)

    @blueprint.arguments(NewOrderSchema())
    @blueprint.response(201, FullOrderSchema())
    def post(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Place an order: prices, stock and number at once."""
        lines = [Wanted(**line) for line in facts.pop("lines")]

        def work(session: Session) -> dict[str, Any]:
            return full(session, placing.place(session, current_actor, lines=lines, **facts))

        return perform(work)


@blueprint.route("/<uuid:id>", roles=STAFF)
@blueprint.etag
class OneOrder(MethodView):
    """One of them."""

    @blueprint.response(200, FullOrderSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """One order with its lines."""
        with reading() as session:
            return full(session, service.reachable(session, current_actor, id))


@blueprint.route("/<uuid:id>/confirmation", roles=STAFF)
class Confirmation(MethodView):
    """The business accepts it."""

    @blueprint.arguments(NothingSchema())
    @blueprint.response(201, FullOrderSchema())
    def post(self, nothing: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Confirm an order."""
        return perform(lambda session: full(session, moving.confirm(session, current_actor, order_id=id)))


@blueprint.route("/<uuid:id>/shipments", roles=STAFF)
class Shipments(MethodView):
    """What left."""

    @blueprint.response(200, ShipmentSchema(many=True))
    def get(self, id: UUID) -> list[Shipment]:
        """List an order's shipments."""
        with reading() as session:
            order = service.reachable(session, current_actor, id)
            return list(session.scalars(select(Shipment).where(Shipment.order_id == order.id).order_by(Shipment.id)))

    @blueprint.arguments(NewShipmentSchema())
    @blueprint.response(201, ShipmentSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> Shipment:
        """Ship an order; its customer is told once, on the best channel."""
        return perform(lambda session: moving.ship(session, current_actor, order_id=id, **facts))


@blueprint.route("/<uuid:id>/delivery", roles=STAFF)
class Arrival(MethodView):
    """It has arrived."""

    @blueprint.arguments(NothingSchema())
    @blueprint.response(201, FullOrderSchema())
    def post(self, nothing: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Note that an order has arrived."""
        return perform(lambda session: full(session, moving.deliver(session, current_actor, order_id=id)))


@blueprint.route("/<uuid:id>/cancellation", roles=STAFF)
class Cancellation(MethodView):
    """It will not happen."""

    @blueprint.arguments(CancellationSchema())
    @blueprint.response(201, FullOrderSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Cancel an order that has not been shipped; its stock is given back."""
        return perform(lambda session: full(session, moving.cancel(session, current_actor, order_id=id, **facts)))


@own.route("", roles={Role.CUSTOMER})
class OwnOrders(MethodView):
    """One's own."""

    @own.arguments(OwnOrderQuery(), location="query")
    @own.response(200, page_of(OrderSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List your orders, newest first."""
        return listed(query)


@own.route("/<uuid:id>", roles={Role.CUSTOMER})
@own.etag
class OwnOrder(MethodView):
    """One of one's own."""

    @own.response(200, FullOrderSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """One of your orders with its lines."""
        with reading() as session:
            return full(session, service.reachable(session, current_actor, id))
