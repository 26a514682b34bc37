"""Integration keys over HTTP."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView

from mcrm.actors import Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of
from mcrm.api.rows import compile_rows
from mcrm.db import reading
from mcrm.integrations import service
from mcrm.integrations.models import IntegrationKey
from mcrm.integrations.schemas import (
    IntegrationKeyChangeSchema,
    IntegrationKeyInSchema,
    IntegrationKeyQuery,
    IntegrationKeySchema,
    NewIntegrationKeySchema,
)
from mcrm.transaction import transaction

blueprint = Blueprint(
    "integration-keys", __name__, url_prefix="/v1/integration-keys", description="What other programs sign in with."
)
FIELDS = tuple(IntegrationKeySchema().fields)
ROWS = compile_rows(IntegrationKeySchema(), IntegrationKey)


@blueprint.route("", roles={Role.ADMIN})
class IntegrationKeys(MethodView):
    """All of them."""

    @blueprint.arguments(IntegrationKeyQuery(), location="query")
    @blueprint.response(200, page_of(IntegrationKeySchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the keys, oldest first: what they are let into, and when each was last used."""
        return ROWS.listed(service.listed(query.pop("is_active")), [IntegrationKey.id], **query)

    @blueprint.arguments(IntegrationKeyInSchema())
    @blueprint.response(201, NewIntegrationKeySchema())
    def post(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Make a key. It is shown in this answer and never again."""
        with transaction() as session:
            key, token = service.create(session, current_actor, **facts)
            session.flush()
            shown: dict[str, Any] = {name: getattr(key, name) for name in FIELDS}
            return shown | {"key": token}


@blueprint.route("/<uuid:id>", roles={Role.ADMIN})
@blueprint.etag
class OneIntegrationKey(MethodView):
    """One of them."""

    @blueprint.response(200, IntegrationKeySchema())
    def get(self, id: UUID) -> IntegrationKey:
        """One key."""
        with reading() as session:
            return service.get(session, id)

    @blueprint.arguments(IntegrationKeyChangeSchema())
    @blueprint.response(200, IntegrationKeySchema())
    @blueprint.alt_response(409, description="It has been revoked, or the name is taken")
    def patch(self, changes: dict[str, Any], id: UUID) -> IntegrationKey:
        """Change what a key is called or let into, from its next request on."""
        with transaction() as session:
            key = service.get(session, id)
            blueprint.check_etag(key)
            return service.change(session, current_actor, key, changes)


@blueprint.route("/<uuid:id>/revocation", roles={Role.ADMIN})
class Revocation(MethodView):
    """The end of a key."""

    @blueprint.response(201, IntegrationKeySchema())
    @blueprint.alt_response(409, description="It has been revoked already")
    def post(self, id: UUID) -> IntegrationKey:
        """Revoke a key: its next request is refused."""
        with transaction() as session:
            return service.revoke(session, current_actor, id)
