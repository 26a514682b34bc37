"""Quotes over HTTP."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import STAFF, Area, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of
from mcrm.api.rows import compile_rows
from mcrm.db import reading
from mcrm.orders import resources as orders
from mcrm.orders.placing import Wanted
from mcrm.orders.schemas import FullOrderSchema, NothingSchema
from mcrm.quotes import service
from mcrm.quotes.models import Quote
from mcrm.quotes.schemas import (
    DeclinationSchema,
    FullQuoteSchema,
    NewQuoteSchema,
    OwnQuoteQuery,
    QuoteQuery,
    QuoteSchema,
)
from mcrm.transaction import perform

blueprint = Blueprint(
    "quotes", __name__, url_prefix="/v1/quotes", area=Area.ORDERS, description="What was offered at which price."
)
own = Blueprint("own-quotes", __name__, url_prefix="/v1/me/quotes", description="What customers were offered.")
TABLE = service.TABLE
ROWS = compile_rows(QuoteSchema(), TABLE)
COLUMNS = select(*ROWS.columns)
FIELDS = tuple(QuoteSchema().fields)


def full(session: Session, quote: Quote) -> dict[str, Any]:
    """A quote with its lines, as the wire shows it."""
    return {name: getattr(quote, name) for name in FIELDS} | {"lines": service.lines_of(session, quote.id)}


def listed(query: dict[str, Any]) -> Response:
    """A page of the quotes that the caller sees, newest first."""
    found = service.within_reach(COLUMNS, current_actor)
    for number in (query.pop("number"), query.pop("q", None)):
        if number is not None:
            found = found.where(TABLE.c.id.in_(service.found_by(number)))
    if (contact_id := query.pop("contact_id", None)) is not None:
        found = found.where(TABLE.c.contact_id == contact_id)
    if (state := query.pop("state")) is not None:
        found = found.where(TABLE.c.state == state.value)
    return ROWS.listed(found, [TABLE.c.id.desc()], **query)


@blueprint.route("", roles=STAFF)
class Quotes(MethodView):
    """All of them."""

    @blueprint.arguments(QuoteQuery(), location="query")
    @blueprint.response(200, page_of(QuoteSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the quotes you see, newest first."""
        return listed(query)

    @blueprint.arguments(NewQuoteSchema())
    @blueprint.response(201, FullQuoteSchema())
    def post(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Promise today's prices to a contact; nothing is reserved."""
        lines = [Wanted(**line) for line in facts.pop("lines")]
        return perform(lambda session: full(session, service.make(session, current_actor, lines=lines, **facts)))


@blueprint.route("/<uuid:id>", roles=STAFF)
@blueprint.etag
class OneQuote(MethodView):
    """One of them."""

    @blueprint.response(200, FullQuoteSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """One quote with its lines."""
        with reading() as session:
            return full(session, service.reachable(session, current_actor, id))


@blueprint.route("/<uuid:id>/acceptance", roles=STAFF)
class Acceptance(MethodView):
    """The contact takes it."""

    @blueprint.arguments(NothingSchema())
    @blueprint.response(201, FullOrderSchema())
    def post(self, nothing: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Make it an order, at the quoted prices whatever the lists say now."""
        return perform(lambda session: orders.full(session, service.accept(session, current_actor, quote_id=id)))


@blueprint.route("/<uuid:id>/declination", roles=STAFF)
class Declination(MethodView):
    """The contact does not want it."""

    @blueprint.arguments(DeclinationSchema())
    @blueprint.response(201, FullQuoteSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Note that a quote was declined."""
        return perform(lambda session: full(session, service.decline(session, current_actor, quote_id=id, **facts)))


@own.route("", roles={Role.CUSTOMER})
class OwnQuotes(MethodView):
    """One's own."""

    @own.arguments(OwnQuoteQuery(), location="query")
    @own.response(200, page_of(QuoteSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the quotes that were made to you, newest first."""
        return listed(query)


@own.route("/<uuid:id>", roles={Role.CUSTOMER})
@own.etag
class OwnQuote(MethodView):
    """One of one's own."""

    @own.response(200, FullQuoteSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """One of your quotes with its lines."""
        with reading() as session:
            return full(session, service.reachable(session, current_actor, id))


@own.route("/<uuid:id>/acceptance", roles={Role.CUSTOMER})
class OwnAcceptance(MethodView):
    """Yes."""

    @own.arguments(NothingSchema())
    @own.response(201, FullOrderSchema())
    def post(self, nothing: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Take what you were offered: it becomes an order at the quoted prices."""
        return perform(lambda session: orders.full(session, service.accept(session, current_actor, quote_id=id)))


@own.route("/<uuid:id>/declination", roles={Role.CUSTOMER})
class OwnDeclination(MethodView):
    """No."""

    @own.arguments(DeclinationSchema())
    @own.response(201, FullQuoteSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Decline what you were offered."""
        return perform(lambda session: full(session, service.decline(session, current_actor, quote_id=id, **facts)))
