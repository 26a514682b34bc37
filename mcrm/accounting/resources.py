"""The journal as a file, over HTTP."""

from typing import Any

from flask import Response, current_app
from flask.views import MethodView

from mcrm.accounting import exporting
from mcrm.accounting.schemas import DaysQuery
from mcrm.actors import Area, Role
from mcrm.api.blueprint import Blueprint
from mcrm.config import Settings

blueprint = Blueprint(
    "accounting", __name__, url_prefix="/v1/ledger", area=Area.BOOKS, description="What the accountant gets."
)


@blueprint.route("/entries.csv", roles={Role.ADMIN, Role.MANAGER})
class EntriesCsv(MethodView):
    """The journal as a file."""

    @blueprint.arguments(DaysQuery(), location="query")
    @blueprint.file("text/csv", "One posting a row: RFC 4180, amounts in currency units, ISO dates")
    def get(self, query: dict[str, Any]) -> Response:
        """The journal as CSV, oldest first, for an accountant."""
        settings: Settings = current_app.config["SETTINGS"]
        pieces = exporting.entries_csv(query["since"], query["until"], settings.timezone)
        headers = {"Content-Disposition": 'attachment; filename="ledger.csv"'}
        return Response(pieces, content_type="text/csv; charset=utf-8; header=present", headers=headers)
