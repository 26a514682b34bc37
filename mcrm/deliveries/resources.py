"""Deliveries over HTTP: what became of each message, and two decisions that only a human can take."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView

from mcrm.actors import STAFF, Area, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of
from mcrm.api.rows import compile_rows
from mcrm.db import reading
from mcrm.deliveries import deciding, service
from mcrm.deliveries.deciding import Decided
from mcrm.deliveries.models import Delivery
from mcrm.deliveries.schemas import (
    AllFailuresSchema,
    DecidedSchema,
    DeliveryQuery,
    DeliverySchema,
    WhichSchema,
)
from mcrm.transaction import perform, transaction

blueprint = Blueprint(
    "deliveries", __name__, url_prefix="/v1/deliveries", area=Area.DELIVERIES, description="What was sent to whom."
)
FIELDS = tuple(DeliverySchema().fields)
ROWS = compile_rows(DeliverySchema(), Delivery)


def shown(delivery: Delivery) -> dict[str, Any]:
    """A delivery as the wire shows it."""
    fields: dict[str, Any] = {name: getattr(delivery, name) for name in FIELDS}
    return fields


@blueprint.route("", roles=STAFF)
class Deliveries(MethodView):
    """All of them."""

    @blueprint.arguments(DeliveryQuery(), location="query")
    @blueprint.response(200, page_of(DeliverySchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the deliveries to the contacts you see, newest first."""
        where = {"limit": query.pop("limit"), "cursor": query.pop("cursor")}
        found = deciding.narrowed(service.deliveries_of(current_actor), deciding.Filter(**query))
        return ROWS.listed(found, [Delivery.id.desc()], **where)


@blueprint.route("/failures", roles={Role.ADMIN, Role.MANAGER})
class AllFailures(MethodView):
    """What did not arrive."""

    @blueprint.response(200, AllFailuresSchema())
    def get(self) -> dict[str, Any]:
        """Count what failed or is in doubt by channel, kind and reason, the most frequent first."""
        with reading() as session:
            return {"items": deciding.failures(session, current_actor)}


@blueprint.route("/retries", roles={Role.ADMIN})
class Retries(MethodView):
    """The decision to send many once more."""

    @blueprint.arguments(WhichSchema())
    @blueprint.response(201, DecidedSchema())
    def post(self, which: dict[str, Any]) -> Decided:
        """Send once more what failed or is in doubt, oldest first, at most 200 in a call; each may arrive twice."""
        limit, where = which.pop("limit"), deciding.Filter(**which)
        return perform(lambda session: deciding.retry_many(session, current_actor, where, limit=limit))


@blueprint.route("/abandonments", roles={Role.ADMIN})
class Abandonments(MethodView):
    """The decision to give many up."""

    @blueprint.arguments(WhichSchema())
    @blueprint.response(201, DecidedSchema())
    def post(self, which: dict[str, Any]) -> Decided:
        """Give up what failed or is in doubt, oldest first, at most 200 in a call."""
        limit, where = which.pop("limit"), deciding.Filter(**which)
        return perform(lambda session: deciding.abandon_many(session, current_actor, where, limit=limit))


@blueprint.route("/<uuid:id>", roles=STAFF)
@blueprint.etag
class OneDelivery(MethodView):
    """One of them."""

    @blueprint.response(200, DeliverySchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """One delivery with its attempts."""
        with reading() as session:
            return shown(service.reachable(session, current_actor, id))


@blueprint.route("/<uuid:id>/retry", roles={Role.ADMIN})
class Retry(MethodView):
    """The decision to send once more."""

    @blueprint.response(201, DeliverySchema())
    @blueprint.alt_response(409, description="It neither failed nor is in doubt, or its code is gone")
    def post(self, id: UUID) -> Delivery:
        """Send it once more, although it may arrive twice."""
        with transaction() as session:
            return service.retry(session, current_actor, id)


@blueprint.route("/<uuid:id>/abandonment", roles={Role.ADMIN})
class Abandonment(MethodView):
    """The decision to give up."""

    @blueprint.response(201, DeliverySchema())
    @blueprint.alt_response(409, description="It neither failed nor is in doubt")
    def post(self, id: UUID) -> Delivery:
        """Give it up: nothing more is tried."""
        with transaction() as session:
            return service.abandon(session, current_actor, id)
