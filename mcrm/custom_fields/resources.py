"""Custom fields over HTTP: everybody of the staff reads the definitions, admins write them."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView

from mcrm.actors import STAFF, Area, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of
from mcrm.api.rows import compile_rows
from mcrm.custom_fields import service
from mcrm.custom_fields.models import CustomFieldDefinition
from mcrm.custom_fields.schemas import (
    CustomFieldChangeSchema,
    CustomFieldInSchema,
    CustomFieldQuery,
    CustomFieldSchema,
)
from mcrm.db import reading
from mcrm.transaction import transaction

blueprint = Blueprint(
    "custom-fields", __name__, url_prefix="/v1/custom-fields", area=Area.CONTACTS, description="Fields of one's own."
)
ROWS = compile_rows(CustomFieldSchema(), CustomFieldDefinition)


@blueprint.route("", roles=STAFF)
class CustomFields(MethodView):
    """All of them."""

    @blueprint.arguments(CustomFieldQuery(), location="query")
    @blueprint.response(200, page_of(CustomFieldSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the fields that the business added."""
        return ROWS.listed(service.definitions(query.pop("table")), [CustomFieldDefinition.id], **query)

    @blueprint.allow(Role.ADMIN)
    @blueprint.arguments(CustomFieldInSchema())
    @blueprint.response(201, CustomFieldSchema())
    def post(self, field: dict[str, Any]) -> CustomFieldDefinition:
        """Add a field to a table."""
        with transaction() as session:
            return service.define(session, current_actor, **field)


@blueprint.route("/<uuid:id>", roles={Role.ADMIN})
@blueprint.etag
class OneCustomField(MethodView):
    """One of them."""

    @blueprint.allow(*STAFF)
    @blueprint.response(200, CustomFieldSchema())
    def get(self, id: UUID) -> CustomFieldDefinition:
        """One field."""
        with reading() as session:
            return service.known(session, id)

    @blueprint.arguments(CustomFieldChangeSchema())
    @blueprint.response(200, CustomFieldSchema())
    def patch(self, changes: dict[str, Any], id: UUID) -> CustomFieldDefinition:
        """Change a field's label, options, or whether it is required."""
        with transaction() as session:
            field = service.known(session, id)
            blueprint.check_etag(field)
            return service.change(session, current_actor, field, changes)

    @blueprint.response(204)
    def delete(self, id: UUID) -> None:
        """Take a field away; its values are kept, and hidden."""
        with transaction() as session:
            field = service.known(session, id)
            blueprint.check_etag(field)
            service.remove(session, current_actor, field)
