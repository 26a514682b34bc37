"""Tax rates over HTTP. All of the staff may look; managers say what is due."""

from typing import Any

from flask import Response
from flask.views import MethodView

from mcrm.actors import STAFF, Area, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of
from mcrm.api.rows import compile_rows
from mcrm.taxes import service
from mcrm.taxes.models import TaxRate
from mcrm.taxes.schemas import TaxRateInSchema, TaxRateQuery, TaxRateSchema
from mcrm.transaction import transaction

blueprint = Blueprint(
    "tax-rates", __name__, url_prefix="/v1/tax-rates", area=Area.PRODUCTS, description="What tax codes mean."
)
ROWS = compile_rows(TaxRateSchema(), TaxRate)
KEYS = [TaxRate.code, TaxRate.valid_from, TaxRate.id]


@blueprint.route("", roles=STAFF)
class TaxRates(MethodView):
    """All of them."""

    @blueprint.arguments(TaxRateQuery(), location="query")
    @blueprint.response(200, page_of(TaxRateSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the rates by code, oldest first."""
        return ROWS.listed(service.rates(query.pop("code")), KEYS, **query)

    @blueprint.allow(Role.ADMIN, Role.MANAGER)
    @blueprint.arguments(TaxRateInSchema())
    @blueprint.response(201, TaxRateSchema())
    def post(self, rate: dict[str, Any]) -> TaxRate:
        """Say what a tax code means since an instant."""
        with transaction() as session:
            return service.set_rate(session, current_actor, **rate)
