"""The reconciliation over HTTP."""

from typing import Any

from flask.views import MethodView

from mcrm.actors import Area, Role
from mcrm.api.blueprint import Blueprint
from mcrm.db import looking
from mcrm.reconciliation import service
from mcrm.reconciliation.schemas import ReconciliationSchema

blueprint = Blueprint(
    "reconciliation", __name__, url_prefix="/v1/ledger", area=Area.BOOKS, description="Whether the books agree."
)


@blueprint.route("/reconciliation", roles={Role.ADMIN, Role.MANAGER})
class Reconciliation(MethodView):
    """The books and the stock against the rows they stand for."""

    @blueprint.response(200, ReconciliationSchema())
    def get(self) -> dict[str, Any]:
        """Compare the books with the documents and the stock with its movements."""
        with looking() as connection:
            found = service.differences(connection)
        return {"in_balance": not found, "differences": found}
