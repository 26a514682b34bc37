"""Returns over HTTP. Each step is a thing created."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import STAFF, Area, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of, whole, whole_of
from mcrm.api.rows import compile_rows
from mcrm.db import reading
from mcrm.orders import service as orders
from mcrm.orders.lines import Pieces
from mcrm.orders.models import Order
from mcrm.orders.schemas import NothingSchema
from mcrm.payments import service as payments
from mcrm.returns import service
from mcrm.returns.models import Return
from mcrm.returns.schemas import FullReturnSchema, InspectionSchema, NewReturnSchema, ReturnQuery, ReturnSchema
from mcrm.returns.service import Finding
from mcrm.transaction import perform

blueprint = Blueprint("returns", __name__, url_prefix="/v1", area=Area.ORDERS, description="What comes back.")
own = Blueprint("own-returns", __name__, url_prefix="/v1/me", description="What customers send back.")
TABLE = service.TABLE
ROWS = compile_rows(ReturnSchema(), TABLE)
COLUMNS = select(*ROWS.columns)
FIELDS = tuple(ReturnSchema().fields)
KEEPERS = (Role.ADMIN, Role.MANAGER)


def full(session: Session, found: Return) -> dict[str, Any]:
    """A return with its lines, as the wire shows it."""
    return {name: getattr(found, name) for name in FIELDS} | {"lines": service.lines_of(session, found.id)}


def listed(query: dict[str, Any]) -> Response:
    """A page of the returns that the caller sees, newest first."""
    found = service.within_reach(COLUMNS, current_actor)
    if (words := query.pop("q")) is not None:
        found = found.where(TABLE.c.id.in_(service.found_by(words)))
    if (order_id := query.pop("order_id")) is not None:
        found = found.where(TABLE.c.order_id == order_id)
    if (state := query.pop("state")) is not None:
        found = found.where(TABLE.c.state == state.value)
    return ROWS.listed(found, [TABLE.c.id.desc()], **query)


def requested(order_id: UUID, facts: dict[str, Any]) -> dict[str, Any]:
    """What somebody asked to send back, as the wire shows it."""
    lines = [Pieces(**line) for line in facts.pop("lines")]

    def work(session: Session) -> dict[str, Any]:
        return full(session, service.request(session, current_actor, order_id=order_id, lines=lines, **facts))

    return perform(work)


@blueprint.route("/returns", roles=STAFF)
class Returns(MethodView):
    """All of them."""

    @blueprint.arguments(ReturnQuery(), location="query")
    @blueprint.response(200, page_of(ReturnSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the returns you see, newest first."""
        return listed(query)


@blueprint.route("/orders/<uuid:id>/returns", roles=STAFF)
class OrderReturns(MethodView):
    """Those of an order."""

    @blueprint.response(200, whole_of(FullReturnSchema()))
    def get(self, id: UUID) -> dict[str, Any]:
        """List an order's returns, oldest first, each with its lines."""
        with reading() as session:
            order = orders.reachable(session, current_actor, id)
            return whole([full(session, found) for found in service.of_order(session, order.id)])

    @blueprint.arguments(NewReturnSchema())
    @blueprint.response(201, FullReturnSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Let shipped goods come back, for a reason."""
        return requested(id, facts)


@blueprint.route("/returns/<uuid:id>", roles=STAFF)
@blueprint.etag
class OneReturn(MethodView):
    """One of them."""

    @blueprint.response(200, FullReturnSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """One return with its lines."""
        with reading() as session:
            return full(session, service.reachable(session, current_actor, id))


@blueprint.route("/returns/<uuid:id>/receipt", roles=STAFF)
class Receipt(MethodView):
    """The goods are here."""

    @blueprint.arguments(NothingSchema())
    @blueprint.response(201, FullReturnSchema())
    def post(self, nothing: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Note that the goods are here."""
        return perform(lambda session: full(session, service.receive(session, current_actor, return_id=id)))


@blueprint.route("/returns/<uuid:id>/inspection", roles=STAFF)
class Inspection(MethodView):
    """The goods were looked at."""

    @blueprint.arguments(InspectionSchema())
    @blueprint.response(201, FullReturnSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Say what becomes of every line and what is refunded; stock follows."""
        findings = [Finding(**line) for line in facts["lines"]]

        def work(session: Session) -> dict[str, Any]:
            return full(session, service.inspect(session, current_actor, return_id=id, findings=findings))

        return perform(work)


@blueprint.route("/returns/<uuid:id>/closure", roles=KEEPERS)
class Closure(MethodView):
    """It is settled."""

    @blueprint.arguments(NothingSchema())
    @blueprint.response(201, FullReturnSchema())
    def post(self, nothing: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Close a return: what is refundable becomes a credit order."""

        def work(session: Session) -> dict[str, Any]:
            closed = service.close(session, current_actor, return_id=id)
            if closed.credit_order_id is not None:  # what came back need not be paid any more
                payments.settle(session, session.get_one(Order, closed.credit_order_id))
            return full(session, closed)

        return perform(work)


@blueprint.route("/returns/<uuid:id>/withdrawal", roles=STAFF)
class Withdrawal(MethodView):
    """They will not come."""

    @blueprint.arguments(NothingSchema())
    @blueprint.response(201, FullReturnSchema())
    def post(self, nothing: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Withdraw a return that nothing came of."""
        return perform(lambda session: full(session, service.withdraw(session, current_actor, return_id=id)))


@own.route("/returns", roles={Role.CUSTOMER})
class OwnReturns(MethodView):
    """One's own."""

    @own.arguments(ReturnQuery(), location="query")
    @own.response(200, page_of(ReturnSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List what you sent back or asked to, newest first."""
        return listed(query)


@own.route("/orders/<uuid:id>/returns", roles={Role.CUSTOMER})
class OwnOrderReturns(MethodView):
    """Those of one of one's own orders."""

    @own.arguments(NewReturnSchema())
    @own.response(201, FullReturnSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Ask to send back what has arrived, for a reason."""
        return requested(id, facts)


@own.route("/returns/<uuid:id>", roles={Role.CUSTOMER})
@own.etag
class OwnReturn(MethodView):
    """One of one's own."""

    @own.response(200, FullReturnSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """One of your returns with its lines, and how far it is."""
        with reading() as session:
            return full(session, service.reachable(session, current_actor, id))


@own.route("/returns/<uuid:id>/withdrawal", roles={Role.CUSTOMER})
class OwnWithdrawal(MethodView):
    """It stays here after all."""

    @own.arguments(NothingSchema())
    @own.response(201, FullReturnSchema())
    def post(self, nothing: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Keep what you wanted to send back, as long as nothing came of it."""
        return perform(lambda session: full(session, service.withdraw(session, current_actor, return_id=id)))
