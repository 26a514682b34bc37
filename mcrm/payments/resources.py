"""Payments and refunds over HTTP."""

from typing import Any, TypeVar
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy import select

from mcrm.actors import STAFF, Area, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of, whole, whole_of
from mcrm.api.rows import compile_rows
from mcrm.db import reading
from mcrm.orders import service as orders
from mcrm.orders.schemas import NothingSchema
from mcrm.payments import service
from mcrm.payments.models import Payment, PaymentState, Refund
from mcrm.payments.schemas import (
    NewPaymentSchema,
    NewRefundSchema,
    OwnPaymentSchema,
    OwnRefundSchema,
    PaymentQuery,
    PaymentSchema,
    RefundSchema,
)
from mcrm.transaction import perform

blueprint = Blueprint("payments", __name__, url_prefix="/v1", area=Area.BOOKS, description="Money for orders.")
own = Blueprint("own-payments", __name__, url_prefix="/v1/me/orders", description="What customers paid.")
KEEPERS = (Role.ADMIN, Role.MANAGER)
TABLE = Payment.__table__
ROWS = compile_rows(PaymentSchema(), TABLE)
COLUMNS = select(*ROWS.columns).join(orders.TABLE, orders.TABLE.c.id == TABLE.c.order_id)
NEWEST_FIRST = [TABLE.c.id.desc()]
Money = TypeVar("Money", Payment, Refund)


def _of_order(model: type[Money], order_id: UUID) -> dict[str, Any]:
    with reading() as session:
        order = orders.reachable(session, current_actor, order_id)
        return whole(session.scalars(select(model).where(model.order_id == order.id).order_by(model.id)).all())


@blueprint.route("/payments", roles=STAFF)
class Payments(MethodView):
    """All of them."""

    @blueprint.arguments(PaymentQuery(), location="query")
    @blueprint.response(200, page_of(PaymentSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the payments for the orders you see, newest first."""
        found = orders.within_reach(COLUMNS, current_actor)
        for name in ("order_id", "method", "state", "external_reference"):
            if (wanted := query.pop(name)) is not None:
                found = found.where(TABLE.c[name] == getattr(wanted, "value", wanted))
        return ROWS.listed(found, NEWEST_FIRST, **query)


@blueprint.route("/payments/<uuid:id>", roles=STAFF)
@blueprint.etag
class OnePayment(MethodView):
    """One of them."""

    @blueprint.response(200, PaymentSchema())
    def get(self, id: UUID) -> Payment:
        """One payment."""
        with reading() as session:
            return service.reachable(session, current_actor, id)


@blueprint.route("/payments/<uuid:id>/capture", roles=STAFF)
class Capture(MethodView):
    """It has arrived."""

    @blueprint.arguments(NothingSchema())
    @blueprint.response(201, PaymentSchema())
    def post(self, nothing: dict[str, Any], id: UUID) -> Payment:
        """Capture an authorised payment."""
        return perform(lambda session: service.capture(session, current_actor, payment_id=id))


@blueprint.route("/payments/<uuid:id>/void", roles=STAFF)
class Void(MethodView):
    """It will not."""

    @blueprint.arguments(NothingSchema())
    @blueprint.response(201, PaymentSchema())
    def post(self, nothing: dict[str, Any], id: UUID) -> Payment:
        """Let an authorised payment go."""
        return perform(lambda session: service.void(session, current_actor, payment_id=id))


@blueprint.route("/orders/<uuid:id>/payments", roles=STAFF)
class PaymentsOfOrder(MethodView):
    """What came in for an order."""

    @blueprint.response(200, whole_of(PaymentSchema()))
    def get(self, id: UUID) -> dict[str, Any]:
        """List an order's payments."""
        return _of_order(Payment, id)

    @blueprint.arguments(NewPaymentSchema())
    @blueprint.response(201, PaymentSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> Payment:
        """Take a payment; what is more than the order still costs is refused."""
        facts["state"] = PaymentState(facts["state"].value)
        return perform(lambda session: service.pay(session, current_actor, order_id=id, **facts))


@blueprint.route("/orders/<uuid:id>/refunds", roles=STAFF)
class RefundsOfOrder(MethodView):
    """What went back for an order."""

    @blueprint.response(200, whole_of(RefundSchema()))
    def get(self, id: UUID) -> dict[str, Any]:
        """List an order's refunds."""
        return _of_order(Refund, id)

    @blueprint.allow(*KEEPERS)
    @blueprint.arguments(NewRefundSchema())
    @blueprint.response(201, RefundSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> Refund:
        """Give money back, never more than was captured and is not back yet."""
        return perform(lambda session: service.refund(session, current_actor, order_id=id, **facts))


@own.route("/<uuid:id>/payments", roles={Role.CUSTOMER})
class OwnPayments(MethodView):
    """One's own."""

    @own.response(200, whole_of(OwnPaymentSchema()))
    def get(self, id: UUID) -> dict[str, Any]:
        """List the payments for one of your orders."""
        return _of_order(Payment, id)


@own.route("/<uuid:id>/refunds", roles={Role.CUSTOMER})
class OwnRefunds(MethodView):
    """One's own."""

    @own.response(200, whole_of(OwnRefundSchema()))
    def get(self, id: UUID) -> dict[str, Any]:
        """List what went back to you for one of your orders."""
        return _of_order(Refund, id)
