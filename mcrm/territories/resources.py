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
from mcrm.territories import service
from mcrm.territories.models import ScopeGrant, Territory
from mcrm.territories.schemas import GrantSchema, TerritoryChangeSchema, TerritoryInSchema, TerritorySchema
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
