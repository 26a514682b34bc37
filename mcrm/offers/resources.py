"""Offers and their announcements over HTTP."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy.orm import Session

from mcrm.actors import STAFF, Area, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import PageQuery, page_of
from mcrm.api.rows import compile_rows
from mcrm.db import reading
from mcrm.offers import announcing, service
from mcrm.offers.models import Offer
from mcrm.offers.schemas import AnnouncementSchema, AnnounceSchema, OfferChangeSchema, OfferInSchema, OfferSchema
from mcrm.transaction import transaction

blueprint = Blueprint(
    "offers", __name__, url_prefix="/v1/offers", area=Area.OFFERS, description="What is worth telling."
)
KEEPERS = (Role.ADMIN, Role.MANAGER)
ROWS = compile_rows(OfferSchema(), Offer)


@blueprint.route("", roles=STAFF | {Role.CUSTOMER})
class Offers(MethodView):
    """All of them."""

    @blueprint.arguments(PageQuery(), location="query")
    @blueprint.response(200, page_of(OfferSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the offers, newest first; customers see those that hold now."""
        return ROWS.listed(service.offers_of(current_actor), [Offer.id.desc()], **query)

    @blueprint.allow(*KEEPERS)
    @blueprint.arguments(OfferInSchema())
    @blueprint.response(201, OfferSchema())
    def post(self, offer: dict[str, Any]) -> Offer:
        """Make an offer; nobody hears of it yet."""
        with transaction() as session:
            return service.create(session, current_actor, **offer)


@blueprint.route("/<uuid:id>", roles=STAFF | {Role.CUSTOMER})
@blueprint.etag
class OneOffer(MethodView):
    """One of them."""

    @blueprint.response(200, OfferSchema())
    def get(self, id: UUID) -> Offer:
        """One offer."""
        with reading() as session:
            return service.reachable(session, current_actor, id)

    @blueprint.allow(*KEEPERS)
    @blueprint.arguments(OfferChangeSchema())
    @blueprint.response(200, OfferSchema())
    def patch(self, changes: dict[str, Any], id: UUID) -> Offer:
        """Change an offer; its words only until it is announced."""
        with transaction() as session:
            offer = service.reachable(session, current_actor, id)
            blueprint.check_etag(offer)
            return service.change(session, current_actor, offer, changes)


@blueprint.route("/<uuid:id>/announcement", roles=KEEPERS)
class AnnouncementOfOffer(MethodView):
    """Telling everybody who asked to hear of offers."""

    @blueprint.response(200, AnnouncementSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """How far it is, and what became of it."""
        with reading() as session:
            return _shown(session, service.reachable(session, current_actor, id).id)

    @blueprint.allow(*KEEPERS, keys=False)  # it goes to everybody: a decision of people
    @blueprint.arguments(AnnounceSchema())
    @blueprint.response(202, AnnouncementSchema())
    @blueprint.alt_response(409, description="It has been announced before, or is over")
    def post(self, nothing: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Let an offer go out as a push, once."""
        with transaction() as session:
            announcing.launch(session, current_actor, offer=service.reachable(session, current_actor, id))
            return _shown(session, id)


def _shown(session: Session, offer_id: UUID) -> dict[str, Any]:
    announcement, states, reasons = announcing.counts(session, offer_id)
    shown = {name: getattr(announcement, name) for name in ("offer_id", "state", "queued", "withheld", "finished_at")}
    return shown | {"launched_at": announcement.created_at, "deliveries": states, "reasons": reasons}
