"""Orders over HTTP. A change of state is a thing created."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from mcrm.actors import STAFF, Area
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of, whole, whole_of
from mcrm.api.rows import compile_rows
from mcrm.contacts.people import is_person
from mcrm.db import reading
from mcrm.invoices import service as invoices
from mcrm.orders import cancelling, changing, moving, placing, service
from mcrm.orders.lines import Pieces
from mcrm.orders.models import Order, Shipment
from mcrm.orders.schemas import (
    CancellationSchema,
    FullOrderSchema,
    FullShipmentSchema,
    LineChangesSchema,
    NewOrderSchema,
    NewShipmentSchema,
    NothingSchema,
    OrderLinesSchema,
    OrderQuery,
    OrderSchema,
    ShipmentSchema,
)
from mcrm.payments import service as payments
from mcrm.pricing.rules import Wanted
from mcrm.transaction import perform

blueprint = Blueprint("orders", __name__, url_prefix="/v1/orders", area=Area.ORDERS, description="What was ordered.")
ROWS = compile_rows(OrderSchema(), service.TABLE)
COLUMN = service.TABLE.c
NEWEST_FIRST = [COLUMN.id.desc()]
BY_DATE = [COLUMN.placed_at.desc(), COLUMN.id.desc()]  # what the index of dates gives, however long ago
COLUMNS = select(*ROWS.columns)
FIELDS = tuple(OrderSchema().fields)
SHIPMENT_FIELDS = tuple(ShipmentSchema().fields)
FILTERS: Mapping[str, Callable[[Any], ColumnElement[bool]]] = {
    "q": lambda words: COLUMN.id.in_(service.found_by(words)),
    "number": lambda number: COLUMN.number_key == service.number_key(number),
    "contact_id": lambda contact_id: is_person(COLUMN.contact_id, contact_id),
    "account_id": lambda account_id: COLUMN.account_id == account_id,
    "status": lambda status: COLUMN.status == status.value,
    "kind": lambda kind: COLUMN.kind == kind.value,
    "placed_from": lambda instant: COLUMN.placed_at >= instant,
    "placed_until": lambda instant: COLUMN.placed_at < instant,
}
"""What narrows the list of orders, by parameter; a parameter that was not sent is None and narrows nothing."""


def full(session: Session, order: Order) -> dict[str, Any]:
    """An order with its lines, as the wire shows it."""
    return shown(order, service.lines_of(session, [order.id])[order.id])


def shown(order: Order, lines: Sequence[Any]) -> dict[str, Any]:
    """An order with these lines (rows, or their columns by name), as the wire shows it."""
    head: dict[str, Any] = {name: getattr(order, name) for name in FIELDS}
    return head | {"lines": lines}


def shown_shipment(session: Session, shipment: Shipment) -> dict[str, Any]:
    """A shipment with what was in it, as the wire shows it."""
    lines = [Pieces(line.order_line_id, line.quantity) for line in service.contents_of(session, shipment.id)]
    return {name: getattr(shipment, name) for name in SHIPMENT_FIELDS} | {"lines": lines}


def pieces_of(facts: dict[str, Any]) -> list[Pieces] | None:
    """The pieces that the input names, taken out of it; None when it means everything."""
    lines = facts.pop("lines")
    return None if lines is None else [Pieces(**line) for line in lines]


def listed(query: dict[str, Any]) -> Response:
    """A page of the caller's orders, newest first, by the fast road."""
    found = service.within_reach(COLUMNS, current_actor)
    order = BY_DATE if query["placed_from"] or query["placed_until"] else NEWEST_FIRST
    for name, condition in FILTERS.items():
        if (wanted := query.pop(name, None)) is not None:
            found = found.where(condition(wanted))
    return ROWS.listed(found, order, **query)


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
            return shown(*placing.place_lines(session, current_actor, lines=lines, **facts))

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

    @blueprint.response(200, whole_of(FullShipmentSchema()))
    def get(self, id: UUID) -> dict[str, Any]:
        """List an order's shipments, and what was in them."""
        with reading() as session:
            order = service.reachable(session, current_actor, id)
            shipments = service.shipments_of(session, order.id)
            return whole([shown_shipment(session, shipment) for shipment in shipments])

    @blueprint.arguments(NewShipmentSchema())
    @blueprint.response(201, FullShipmentSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Ship an order or a part of it; its customer is told once, on the best channel."""
        lines = pieces_of(facts)

        def work(session: Session) -> dict[str, Any]:
            return shown_shipment(session, moving.ship(session, current_actor, order_id=id, lines=lines, **facts))

        return perform(work)


@blueprint.route("/<uuid:id>/shipments/<uuid:shipment_id>/delivery", roles=STAFF)
class ShipmentArrival(MethodView):
    """A shipment has arrived."""

    @blueprint.arguments(NothingSchema())
    @blueprint.response(201, FullShipmentSchema())
    def post(self, nothing: dict[str, Any], id: UUID, shipment_id: UUID) -> dict[str, Any]:
        """Note that a shipment has arrived; with the last one the order has."""

        def work(session: Session) -> dict[str, Any]:
            found = moving.deliver_shipment(session, current_actor, order_id=id, shipment_id=shipment_id)
            return shown_shipment(session, found)

        return perform(work)


@blueprint.route("/<uuid:id>/lines", roles=STAFF)
@blueprint.etag
class Lines(MethodView):
    """What was ordered."""

    @blueprint.response(200, OrderLinesSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """The lines of an order; the tag is that of the order."""
        with reading() as session:
            return full(session, service.reachable(session, current_actor, id))

    @blueprint.arguments(LineChangesSchema())
    @blueprint.response(200, OrderLinesSchema())
    @blueprint.alt_response(409, description="Something has left, or the order was invoiced and would cost more")
    def patch(self, changes: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Add, change and drop lines while nothing has left; stock follows."""
        wishes = [changing.Change(**line) for line in changes["lines"]]

        def work(session: Session) -> dict[str, Any]:
            order = service.reachable(session, current_actor, id, lock=True)
            blueprint.check_etag(order)
            before = order.total
            changing.change_lines(session, current_actor, order, wishes)
            if order.total > before:
                invoices.check_covered(session, order)
            payments.settle(session, order)  # it costs more or less now
            return full(session, order)

        return perform(work)


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
        """Cancel an order that has not been shipped, or pieces that are left; their stock is given back."""
        lines = pieces_of(facts)

        def work(session: Session) -> dict[str, Any]:
            order = cancelling.cancel(session, current_actor, order_id=id, lines=lines, **facts)
            payments.settle(session, order)
            return full(session, order)

        return perform(work)
