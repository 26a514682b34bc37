"""The books over HTTP: the journal and the balances."""

from typing import Any

from flask import current_app
from flask.views import MethodView
from sqlalchemy import select

from mcrm import clock
from mcrm.actors import Area, Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.paging import page, page_of
from mcrm.config import Settings
from mcrm.db import looking, reading
from mcrm.ledger import service
from mcrm.ledger.models import JournalEntry
from mcrm.ledger.schemas import BalanceQuery, BalancesSchema, EntryQuery, JournalEntrySchema

blueprint = Blueprint(
    "ledger", __name__, url_prefix="/v1/ledger", area=Area.BOOKS, description="The books, in double entry."
)
KEEPERS = {Role.ADMIN, Role.MANAGER}


def _settings() -> Settings:
    settings: Settings = current_app.config["SETTINGS"]
    return settings


@blueprint.route("/entries", roles=KEEPERS)
class Entries(MethodView):
    """The journal."""

    @blueprint.arguments(EntryQuery(), location="query")
    @blueprint.response(200, page_of(JournalEntrySchema()))
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """List journal entries, newest first, each with its postings."""
        found = service.between(select(JournalEntry), query.pop("since"), query.pop("until"), _settings().timezone)
        if (order_id := query.pop("order_id")) is not None:
            found = found.where(JournalEntry.order_id == order_id)
        if (cause := query.pop("cause")) is not None:
            found = found.where(JournalEntry.cause == cause.value)
        with reading() as session:
            listed = page(session, found, [JournalEntry.at.desc(), JournalEntry.id.desc()], **query)
            return listed | {"items": service.with_postings(session, listed["items"])}


@blueprint.route("/balances", roles=KEEPERS)
class Balances(MethodView):
    """What stands where."""

    @blueprint.arguments(BalanceQuery(), location="query")
    @blueprint.response(200, BalancesSchema())
    def get(self, query: dict[str, Any]) -> dict[str, Any]:
        """The balance of every account at an instant."""
        at = query["at"] or clock.now()
        with looking() as connection:
            return {"at": at, "items": service.balances(connection, at)}
