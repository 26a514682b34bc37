"""Accounts over HTTP."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView

from mcrm.accounts import service
from mcrm.accounts.models import Account
from mcrm.accounts.schemas import AccountChangeSchema, AccountInSchema, AccountQuery, AccountSchema
from mcrm.actors import STAFF
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of
from mcrm.api.rows import compile_rows
from mcrm.db import reading
from mcrm.transaction import transaction

blueprint = Blueprint("accounts", __name__, url_prefix="/v1/accounts", description="Whom we sell to.")
ROWS = compile_rows(AccountSchema(), Account)


@blueprint.route("", roles=STAFF)
class Accounts(MethodView):
    """All of them."""

    @blueprint.arguments(AccountQuery(), location="query")
    @blueprint.response(200, page_of(AccountSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the accounts you see, newest first."""
        found = service.searched(service.accounts_of(current_actor), query.pop("q"))
        if (territory_id := query.pop("territory_id")) is not None:
            found = found.where(Account.territory_id == territory_id)
        return ROWS.listed(found, [Account.id.desc()], **query)

    @blueprint.arguments(AccountInSchema())
    @blueprint.response(201, AccountSchema())
    def post(self, account: dict[str, Any]) -> Account:
        """Make an account."""
        with transaction() as session:
            return service.create(session, current_actor, **account)


@blueprint.route("/<uuid:id>", roles=STAFF)
@blueprint.etag
class OneAccount(MethodView):
    """One of them."""

    @blueprint.response(200, AccountSchema())
    def get(self, id: UUID) -> Account:
        """One account."""
        with reading() as session:
            return service.reachable(session, current_actor, id)

    @blueprint.arguments(AccountChangeSchema())
    @blueprint.response(200, AccountSchema())
    def patch(self, changes: dict[str, Any], id: UUID) -> Account:
        """Change an account."""
        with transaction() as session:
            account = service.reachable(session, current_actor, id)
            blueprint.check_etag(account)
            return service.change(session, current_actor, account, changes)
