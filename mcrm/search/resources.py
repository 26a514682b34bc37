"""The search over HTTP."""

from typing import Any

from flask.views import MethodView

from mcrm.actors import STAFF, Area
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.db import reading
from mcrm.search import service
from mcrm.search.schemas import FoundSchema, SearchQuery

blueprint = Blueprint("search", __name__, url_prefix="/v1/search", area=Area.SEARCH, description="Find anything.")


@blueprint.route("", roles=STAFF)
class Search(MethodView):
    """Over everything."""

    @blueprint.arguments(SearchQuery(), location="query")
    @blueprint.response(200, FoundSchema())
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """Find people, accounts, products, orders and their papers, by name, number, phone, mail or code."""
        with reading() as session:
            return service.search(
                session,
                current_actor,
                query["q"],
                groups=query["kinds"],
                limit=query["limit"],
            )
