"""Territories and their grants over HTTP."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView

from mcrm.actors import STAFF, Area, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import PageQuery, page_of, whole, whole_of
from mcrm.api.rows import compile_rows
from mcrm.db import reading
from mcrm.territories import members, places, service
from mcrm.territories.models import ScopeGrant, Territory, TerritoryPlace
from mcrm.territories.schemas import (
    CoverageSchema,
    GrantSchema,
    PlaceSchema,
    TerritoryChangeSchema,
    TerritoryInSchema,
    TerritorySchema,
)
from mcrm.transaction import transaction

blueprint = Blueprint(
    "territories", __name__, url_prefix="/v1/territories", area=Area.TERRITORIES, description="Who covers what."
)
ROWS = compile_rows(TerritorySchema(), Territory)


@blueprint.route("", roles=STAFF)
class Territories(MethodView):
    """All of them."""

    @blueprint.arguments(PageQuery(), location="query")
    @blueprint.response(200, page_of(TerritorySchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the territories you see, by name."""
        return ROWS.listed(service.territories_of(current_actor), [Territory.name, Territory.id], **query)

    @blueprint.allow(Role.ADMIN)
    @blueprint.arguments(TerritoryInSchema())
    @blueprint.response(201, TerritorySchema())
    def post(self, territory: dict[str, Any]) -> Territory:
        """Make a territory."""
        with transaction() as session:
            return service.create(session, current_actor, **territory)


@blueprint.route("/<uuid:id>", roles=STAFF)
@blueprint.etag
class OneTerritory(MethodView):
    """One of them."""

    @blueprint.response(200, TerritorySchema())
    def get(self, id: UUID) -> Territory:
        """One territory."""
        with reading() as session:
            return service.reachable(session, current_actor, id)

    @blueprint.allow(Role.ADMIN)
    @blueprint.arguments(TerritoryChangeSchema())
    @blueprint.response(200, TerritorySchema())
    def patch(self, changes: dict[str, Any], id: UUID) -> Territory:
        """Change a territory."""
        with transaction() as session:
            territory = service.reachable(session, current_actor, id)
            blueprint.check_etag(territory)
            return service.change(session, current_actor, territory, changes)

    @blueprint.allow(Role.ADMIN)
    @blueprint.response(204)
    @blueprint.alt_response(409, description="Accounts lie in it, or somebody may see it")
    def delete(self, id: UUID) -> None:
        """Remove a territory that is empty and that nobody may see."""
        with transaction() as session:
            territory = service.reachable(session, current_actor, id)
            blueprint.check_etag(territory)
            service.remove(session, current_actor, territory)


@blueprint.route("/<uuid:id>/grants", roles={Role.ADMIN, Role.MANAGER})
class Grants(MethodView):
    """Who may see a territory."""

    @blueprint.response(200, whole_of(GrantSchema()))
    def get(self, id: UUID) -> dict[str, Any]:
        """List who may see this territory."""
        with reading() as session:
            return whole(service.grants(session, service.reachable(session, current_actor, id).id))


@blueprint.route("/<uuid:id>/grants/<uuid:user_id>", roles={Role.ADMIN})
class OneGrant(MethodView):
    """One user's sight of one territory: there or not there, so nothing to lose by a stale copy."""

    @blueprint.response(200, GrantSchema())
    def put(self, id: UUID, user_id: UUID) -> ScopeGrant:
        """Let a user see this territory."""
        with transaction() as session:
            return service.grant(session, current_actor, territory_id=id, user_id=user_id)

    @blueprint.response(204)
    def delete(self, id: UUID, user_id: UUID) -> None:
        """Take this territory from a user."""
        with transaction() as session:
            service.revoke(session, current_actor, territory_id=id, user_id=user_id)


@blueprint.route("/<uuid:id>/coverage", roles=STAFF)
class Coverage(MethodView):
    """Who covers a territory, and where it is."""

    @blueprint.response(200, CoverageSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """Show who answers for it, who covers it, and which postcodes are its."""
        with reading() as session:
            territory = service.reachable(session, current_actor, id)
            return {
                "manager_id": territory.manager_id,
                "members": members.members(session, territory.id),
                "places": places.of(session, territory.id),
            }


@blueprint.route("/<uuid:id>/places/<country>/<prefix>", roles={Role.ADMIN})
class OnePlace(MethodView):
    """The beginning of a postcode: a territory's or not, so nothing to lose by a stale copy."""

    @blueprint.response(200, PlaceSchema())
    @blueprint.alt_response(409, description="It is another territory's")
    def put(self, id: UUID, country: str, prefix: str) -> TerritoryPlace:
        """Let postcodes that begin so be this territory's: new leads from there go to it."""
        with transaction() as session:
            territory = service.reachable(session, current_actor, id)
            return places.give(session, current_actor, territory, country, prefix)

    @blueprint.response(204)
    def delete(self, id: UUID, country: str, prefix: str) -> None:
        """Take a place from a territory."""
        with transaction() as session:
            territory = service.reachable(session, current_actor, id)
            places.take(session, current_actor, territory, country, prefix)
