"""Roles at accounts over HTTP."""

from typing import Any
from uuid import UUID

from flask.views import MethodView
from sqlalchemy.orm import Session

from mcrm.accounts import service as accounts
from mcrm.accounts.models import Account
from mcrm.actors import STAFF, Area
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.contact_roles import service
from mcrm.contact_roles.models import AccountContact
from mcrm.contact_roles.schemas import MOST_SHOWN, ActingListSchema, RolesInSchema, RolesSchema
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact
from mcrm.db import reading
from mcrm.transaction import transaction

blueprint = Blueprint(
    "contact-roles", __name__, url_prefix="/v1", area=Area.CONTACTS, description="Who acts for which account."
)


@blueprint.route("/accounts/<uuid:id>/contacts", roles=STAFF)
class PeopleOfAccount(MethodView):
    """The people of an account."""

    @blueprint.response(200, ActingListSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """List who is of an account or acts for it, of the contacts that you see."""
        with reading() as session:
            account = accounts.reachable(session, current_actor, id)
            return {"items": service.people_of(session, current_actor, account, limit=MOST_SHOWN)}


@blueprint.route("/contacts/<uuid:id>/accounts", roles=STAFF)
class AccountsOfContact(MethodView):
    """The accounts of a contact."""

    @blueprint.response(200, ActingListSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """List the accounts that a contact is of or acts for, of those that you see."""
        with reading() as session:
            contact = contacts.reachable(session, current_actor, id)
            return {"items": service.accounts_for(session, current_actor, contact, limit=MOST_SHOWN)}


@blueprint.route("/accounts/<uuid:id>/contacts/<uuid:contact_id>", roles=STAFF)
class RolesAtAccount(MethodView):
    """One contact at one account. What it does is set as a whole and needs no If-Match: the later word counts."""

    @blueprint.response(200, RolesSchema())
    def get(self, id: UUID, contact_id: UUID) -> AccountContact:
        """What a contact does for an account."""
        with reading() as session:
            return service.role_of(session, *_both(session, id, contact_id))

    @blueprint.arguments(RolesInSchema())
    @blueprint.response(200, RolesSchema())
    def put(self, facts: dict[str, Any], id: UUID, contact_id: UUID) -> AccountContact:
        """Let a contact act for an account in these roles."""
        with transaction() as session:
            account, contact = _both(session, id, contact_id)
            return service.assign(session, current_actor, account, contact, facts["roles"])

    @blueprint.response(204)
    def delete(self, id: UUID, contact_id: UUID) -> None:
        """A contact acts for this account no more."""
        with transaction() as session:
            service.dismiss(session, current_actor, *_both(session, id, contact_id))


def _both(session: Session, account_id: UUID, contact_id: UUID) -> tuple[Account, Contact]:
    account = accounts.reachable(session, current_actor, account_id)
    return account, contacts.reachable(session, current_actor, contact_id)
