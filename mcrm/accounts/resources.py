"""Accounts over HTTP."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from mcrm import filters
from mcrm.accounts import hierarchy, moving, service
from mcrm.accounts.models import Account
from mcrm.accounts.schemas import (
    AccountChangeSchema,
    AccountInSchema,
    AccountMoveInSchema,
    AccountMoveSchema,
    AccountQuery,
    AccountSchema,
    TreeSchema,
    WhereaboutsSchema,
)
from mcrm.actors import STAFF, Area, Role
from mcrm.addresses import service as addresses
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import PAGING, page_of
from mcrm.api.rows import compile_rows
from mcrm.custom_fields import service as custom_fields
from mcrm.custom_fields.models import FieldTable
from mcrm.db import reading
from mcrm.opportunities import handing
from mcrm.tags import service as tags
from mcrm.transaction import perform

blueprint = Blueprint(
    "accounts", __name__, url_prefix="/v1/accounts", area=Area.ACCOUNTS, description="Whom we sell to."
)
ROWS = compile_rows(AccountSchema(), Account)
FIELDS = tuple(AccountSchema().fields)


def shown(session: Session, account: Account) -> dict[str, Any]:
    """An account as the wire shows it: of the custom values those that are defined."""
    made: dict[str, Any] = {name: getattr(account, name) for name in FIELDS}
    custom_fields.hide(session, FieldTable.ACCOUNTS, [made])
    return made


def defined_only(connection: Connection, items: list[dict[str, Any]]) -> None:
    """Of the custom values on a page leave those that are defined."""
    custom_fields.hide(connection, FieldTable.ACCOUNTS, items)


@blueprint.route("", roles=STAFF)
class Accounts(MethodView):
    """All of them."""

    @blueprint.arguments(AccountQuery(), location="query")
    @blueprint.response(200, page_of(AccountSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the accounts you see, newest first."""
        page = {name: query.pop(name) for name in PAGING}
        with reading() as session:
            found = filters.accounts(session, current_actor, **query)
        return ROWS.listed(found, [Account.id.desc()], amend=defined_only, **page)

    @blueprint.arguments(AccountInSchema())
    @blueprint.response(201, AccountSchema())
    def post(self, account: dict[str, Any]) -> dict[str, Any]:
        """Make an account."""
        return perform(lambda session: shown(session, service.create(session, current_actor, **account)))


@blueprint.route("/<uuid:id>", roles=STAFF)
@blueprint.etag
class OneAccount(MethodView):
    """One of them."""

    @blueprint.response(200, AccountSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """One account."""
        with reading() as session:
            return shown(session, service.reachable(session, current_actor, id))

    @blueprint.arguments(AccountChangeSchema())
    @blueprint.response(200, AccountSchema())
    def patch(self, changes: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Change an account; of `custom` the named values change, null takes one away."""

        def work(session: Session) -> dict[str, Any]:
            account = service.reachable(session, current_actor, id)
            blueprint.check_etag(account)
            return shown(session, service.change(session, current_actor, account, dict(changes)))

        return perform(work)

    @blueprint.response(204)
    @blueprint.alt_response(409, description="Contacts, orders or other accounts hang on it")
    def delete(self, id: UUID) -> None:
        """Delete an account on which nothing hangs but its own tags and addresses."""

        def work(session: Session) -> None:
            account = service.reachable(session, current_actor, id)
            blueprint.check_etag(account)
            tags.clear(session, account)
            addresses.clear(session, account)
            service.remove(session, current_actor, account)

        perform(work)


@blueprint.route("/<uuid:id>/tree", roles=STAFF)
class TreeOfAccount(MethodView):
    """What stands above and below."""

    @blueprint.response(200, TreeSchema())
    def get(self, id: UUID) -> hierarchy.Tree:
        """Show where an account stands among the accounts that you see."""
        with reading() as session:
            account = service.reachable(session, current_actor, id)
            return hierarchy.tree(session, service.accounts_of(current_actor), account)


@blueprint.route("/<uuid:id>/move", roles={Role.ADMIN, Role.MANAGER})
class Move(MethodView):
    """To another territory."""

    @blueprint.arguments(AccountMoveInSchema())
    @blueprint.response(201, AccountMoveSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Give an account to another territory, with the accounts below it and all that belongs to them.

        Open opportunities whose owner does not see them there go to a rep who does.
        """

        def work(session: Session) -> dict[str, Any]:
            moved = moving.move(session, current_actor, account_id=id, **facts)
            handing.hand_over(session, current_actor, moved, facts["territory_id"])
            return {"account_ids": [account.id for account in moved]}

        return perform(work)


@blueprint.route("/<uuid:id>/whereabouts", roles=STAFF)
class WhereaboutsOfAccount(MethodView):
    """Why it is somebody's."""

    @blueprint.response(200, WhereaboutsSchema())
    def get(self, id: UUID) -> moving.Whereabouts:
        """Show in which territory an account lies, since when and why, and who covers it."""
        with reading() as session:
            return moving.whereabouts(session, current_actor, id)
