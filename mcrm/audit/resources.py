"""The audit over HTTP."""

from typing import Any

from flask import Response
from flask.views import MethodView

from mcrm.actors import Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.paging import page_of
from mcrm.api.rows import compile_rows
from mcrm.audit import trail
from mcrm.audit.models import AuditEntry
from mcrm.audit.schemas import AuditEntrySchema, AuditQuery

blueprint = Blueprint("audit", __name__, url_prefix="/v1/audit", description="Who did what in the administration.")
NEWEST_FIRST = [AuditEntry.id.desc()]
ROWS = compile_rows(AuditEntrySchema(), AuditEntry)


@blueprint.route("", roles={Role.ADMIN})
class Audit(MethodView):
    """All of it; nobody changes it."""

    @blueprint.arguments(AuditQuery(), location="query")
    @blueprint.response(200, page_of(AuditEntrySchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List what was done, newest first: who, what, which fields, in which request."""
        where = {"limit": query.pop("limit"), "cursor": query.pop("cursor")}
        return ROWS.listed(trail.entries(**query), NEWEST_FIRST, **where)
