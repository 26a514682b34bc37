"""Two doors that guard themselves, for carriers' reports and for holders of tracking links; and the making of links."""

import json
import logging
from typing import Any
from uuid import UUID

import marshmallow as ma
from flask import Blueprint as PlainBlueprint
from flask import Response, current_app, request
from flask.views import MethodView
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import STAFF, Area, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.signatures import timed_signature_ok
from mcrm.api.state import root
from mcrm.carriers import page, service
from mcrm.carriers.errors import LinkOver
from mcrm.carriers.schemas import LinkSchema, NewLinkSchema, ReportSchema, SeenSchema
from mcrm.config import Settings
from mcrm.db import reading
from mcrm.transaction import perform

log = logging.getLogger(__name__)
blueprint = Blueprint(
    "carriers", __name__, url_prefix="/v1/orders", area=Area.ORDERS, description="Who may follow an order."
)
own = Blueprint("own-tracking", __name__, url_prefix="/v1/me/orders", description="Following one's own orders.")
ENDPOINTS = frozenset({"carrier-doors.report", "carrier-doors.follow"})
REPORT, SEEN = ReportSchema(), SeenSchema()


def made(order_id: UUID, facts: dict[str, Any]) -> dict[str, Any]:
    """A new link to an order within reach, as the wire shows it."""

    def work(session: Session) -> dict[str, Any]:
        token, expires_at = service.make_link(session, current_actor, order_id=order_id, **facts)
        public: str = current_app.config["SETTINGS"].public_url
        return {"url": f"{public}/t/{token}", "expires_at": expires_at}

    return perform(work)


@blueprint.route("/<uuid:id>/tracking-link", roles=STAFF)
class TrackingLink(MethodView):
    """A link for whoever waits for an order."""

    @blueprint.arguments(NewLinkSchema())
    @blueprint.response(201, LinkSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Make a link that shows where an order is, without a sign-in, for thirty days if nothing else is said."""
        return made(id, facts)


@own.route("/<uuid:id>/tracking-link", roles={Role.CUSTOMER})
class OwnTrackingLink(MethodView):
    """A link to hand to whoever waits at home."""

    @own.arguments(NewLinkSchema())
    @own.response(201, LinkSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Make a link that shows where your order is to whoever holds it, for thirty days if nothing else is said."""
        return made(id, facts)


def make_doors(settings: Settings) -> PlainBlueprint:
    """The blueprint of `POST /webhooks/carriers/{carrier}` and `GET /t/{token}`."""
    doors = PlainBlueprint("carrier-doors", __name__)

    @doors.post("/webhooks/carriers/<carrier>")
    def report(carrier: str) -> Response:
        """Take in one report; 403 without a trace for what the carrier did not sign, 200 for all it did."""
        secret = settings.carrier_secrets.get(carrier)
        body = request.get_data()
        if secret is None or not timed_signature_ok(
            body,
            request.headers.get("X-Carrier-Timestamp"),
            request.headers.get("X-Carrier-Signature"),
            secret,
            now_s=clock.now().timestamp(),
        ):
            return Response(status=403)
        if (loaded := _load(carrier, body)) is not None:
            number, told = loaded
            perform(lambda session: service.take_in(session, carrier=carrier, tracking_number=number, report=told))
        return Response(status=200)

    @doors.get("/t/<token>")
    def follow(token: str) -> Response:
        """Show the order that the link stands for."""
        root().by_address.spend(request.remote_addr or "unknown")
        with reading() as session:
            seen = service.seen(session, token)
        if _wants_json():
            if seen is None:
                raise LinkOver()
            events = [{"at": at, "status": status} for at, status in seen.events]
            facts = {"number": seen.number, "status": seen.status, "expected_on": seen.expected_on, "events": events}
            answer = Response(json.dumps(SEEN.dump(facts)), mimetype="application/json")
        else:
            name = settings.business_name
            words = page.page_of_nothing(name) if seen is None else page.page(name, seen)
            answer = Response(words, status=404 if seen is None else 200, mimetype="text/html")
            answer.headers["Content-Security-Policy"] = page.POLICY
        answer.headers["Cache-Control"] = "private"
        answer.headers["Referrer-Policy"] = "no-referrer"
        answer.vary.add("Accept")
        return answer

    return doors


def _wants_json() -> bool:
    accepted = request.accept_mimetypes
    return accepted["application/json"] > accepted["text/html"]


def _load(carrier: str, body: bytes) -> Any:
    """(tracking number, report), or None for a shape we do not know: a repeat would not make it better."""
    try:
        return REPORT.load(json.loads(body))
    except (ValueError, RecursionError, ma.ValidationError) as error:  # a UnicodeDecodeError is a ValueError
        log.warning("the carrier %s reported in an unknown shape: %s", carrier, type(error).__name__)
        return None
