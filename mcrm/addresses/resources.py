"""Addresses over HTTP: the same under accounts and under contacts."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask.views import MethodView
from sqlalchemy.orm import Session

from mcrm.accounts import service as accounts
from mcrm.accounts.models import Account
from mcrm.actors import STAFF, Area, Role
from mcrm.addresses import service
from mcrm.addresses.models import Address
from mcrm.addresses.schemas import AddressChangeSchema, AddressesSchema, AddressInSchema, AddressSchema
from mcrm.addresses.service import Owner
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact
from mcrm.db import reading
from mcrm.transaction import transaction

blueprint = Blueprint(
    "addresses", __name__, url_prefix="/v1", area=Area.CONTACTS, description="Where bills and goods go."
)
own = Blueprint("own-addresses", __name__, url_prefix="/v1/me/addresses", description="Where a customer's goods go.")


class OfAccount:
    """Of an account."""

    model: type[Any] = Account

    def owners(self, session: Session, id: UUID) -> Sequence[Owner]:
        """The account; raises AccountUnknown."""
        return [accounts.reachable(session, current_actor, id)]


class OfContact:
    """Of a person: all contacts within reach that are this one; what is new is the contact's own."""

    model: type[Any] = Contact

    def owners(self, session: Session, id: UUID) -> Sequence[Owner]:
        """The contact first, then those merged with it; raises ContactUnknown."""
        contact = contacts.reachable(session, current_actor, id)
        others = [other for other in contacts.member_ids(session, current_actor, contact) if other != contact.id]
        return [contact, *(session.get_one(Contact, other) for other in others)]


class AddressesView(MethodView):
    """The addresses of one owner."""

    model: type[Any]

    def owners(self, session: Session, id: UUID) -> Sequence[Owner]:
        """Whose addresses these are, the one that was asked for first."""
        raise NotImplementedError

    @blueprint.response(200, AddressesSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """List the addresses, the default of each kind first."""
        with reading() as session:
            ids = [owner.id for owner in self.owners(session, id)]
            return {"items": service.addresses_of(session, self.model, ids)}

    @blueprint.arguments(AddressInSchema())
    @blueprint.response(201, AddressSchema())
    def post(self, address: dict[str, Any], id: UUID) -> Address:
        """Add an address."""
        with transaction() as session:
            return service.add(session, current_actor, self.owners(session, id)[0], **address)


class AddressView(MethodView):
    """One address of one owner."""

    model: type[Any]

    def owners(self, session: Session, id: UUID) -> Sequence[Owner]:
        """Whose addresses these are."""
        raise NotImplementedError

    def _found(self, session: Session, id: UUID, address_id: UUID) -> tuple[Owner, Address]:
        return _of(session, self.model, self.owners(session, id), address_id)

    @blueprint.response(200, AddressSchema())
    def get(self, id: UUID, address_id: UUID) -> Address:
        """One address."""
        with reading() as session:
            return self._found(session, id, address_id)[1]

    @blueprint.arguments(AddressChangeSchema())
    @blueprint.response(200, AddressSchema())
    def patch(self, changes: dict[str, Any], id: UUID, address_id: UUID) -> Address:
        """Change an address."""
        with transaction() as session:
            owner, address = self._found(session, id, address_id)
            blueprint.check_etag(address)
            return service.change(session, current_actor, owner, address, changes)

    @blueprint.response(204)
    def delete(self, id: UUID, address_id: UUID) -> None:
        """Delete an address."""
        with transaction() as session:
            owner, address = self._found(session, id, address_id)
            blueprint.check_etag(address)
            service.remove(session, current_actor, owner, address)


@blueprint.route("/accounts/<uuid:id>/addresses", roles=STAFF)
class AddressesOfAccount(OfAccount, AddressesView):
    """The addresses of an account."""


@blueprint.route("/contacts/<uuid:id>/addresses", roles=STAFF)
class AddressesOfContact(OfContact, AddressesView):
    """The addresses of a person."""


@blueprint.route("/accounts/<uuid:id>/addresses/<uuid:address_id>", roles=STAFF)
@blueprint.etag
class AddressOfAccount(OfAccount, AddressView):
    """One address of an account."""


@blueprint.route("/contacts/<uuid:id>/addresses/<uuid:address_id>", roles=STAFF)
@blueprint.etag
class AddressOfContact(OfContact, AddressView):
    """One address of a person."""


@own.route("", roles={Role.CUSTOMER})
class OwnAddresses(MethodView):
    """One's own."""

    @own.response(200, AddressesSchema())
    def get(self) -> dict[str, Any]:
        """List your addresses, the default of each kind first."""
        with reading() as session:
            return {"items": service.addresses_of(session, Contact, [one.id for one in _oneself(session)])}

    @own.arguments(AddressInSchema())
    @own.response(201, AddressSchema())
    def post(self, address: dict[str, Any]) -> Address:
        """Add an address; the first of its kind is where bills or goods go."""
        with transaction() as session:
            return service.add(session, current_actor, _oneself(session)[0], **address)


@own.route("/<uuid:id>", roles={Role.CUSTOMER})
@own.etag
class OwnAddress(MethodView):
    """One of one's own."""

    @own.response(200, AddressSchema())
    def get(self, id: UUID) -> Address:
        """One of your addresses."""
        with reading() as session:
            return _of(session, Contact, _oneself(session), id)[1]

    @own.arguments(AddressChangeSchema())
    @own.response(200, AddressSchema())
    def patch(self, changes: dict[str, Any], id: UUID) -> Address:
        """Change one of your addresses, or make it the default."""
        with transaction() as session:
            owner, address = _of(session, Contact, _oneself(session), id)
            own.check_etag(address)
            return service.change(session, current_actor, owner, address, changes)

    @own.response(204)
    def delete(self, id: UUID) -> None:
        """Delete one of your addresses; orders keep what they were sent to."""
        with transaction() as session:
            owner, address = _of(session, Contact, _oneself(session), id)
            own.check_etag(address)
            service.remove(session, current_actor, owner, address)


def _oneself(session: Session) -> Sequence[Owner]:
    """The caller's own contacts, the one that stands for the person first."""
    assert current_actor.contact_id is not None
    return OfContact().owners(session, current_actor.contact_id)


def _of(session: Session, model: type[Any], owners: Sequence[Owner], address_id: UUID) -> tuple[Owner, Address]:
    """An address of one of these, and whose it is; raises AddressUnknown."""
    by_id = {owner.id: owner for owner in owners}
    address = service.address_of(session, model, by_id.keys(), address_id)
    return by_id[address.contact_id or address.account_id], address  # type: ignore[index]  # one of the two is there
