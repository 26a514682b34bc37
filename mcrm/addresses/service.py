"""Use cases of addresses; whoever reaches the owner reaches the address."""

from collections.abc import Collection
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Table, select, update
from sqlalchemy.orm import Session

from mcrm.accounts.models import Account
from mcrm.actors import Actor
from mcrm.addresses.countries import check_country, spelt
from mcrm.addresses.errors import AddressUnknown, TooManyAddresses
from mcrm.addresses.models import Address, AddressKind
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact
from mcrm.editing import edit
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.transaction import write_rows

MOST = 50
TABLE = cast(Table, Address.__table__)
Owner = Account | Contact


def addresses_of(session: Session, model: type[Any], ids: Collection[UUID]) -> list[Address]:
    """The addresses of these accounts or contacts: by kind, the default first."""
    query = select(Address).where(_column(model).in_(ids))
    return list(session.scalars(query.order_by(Address.kind, Address.is_default.desc(), Address.id)))


def address_of(session: Session, model: type[Any], ids: Collection[UUID], address_id: UUID) -> Address:
    """One address of these accounts or contacts; raises AddressUnknown for an unknown and a foreign one alike."""
    found = session.scalar(select(Address).where(Address.id == address_id, _column(model).in_(ids)))
    if found is None:
        raise AddressUnknown
    return found


def default_of(session: Session, model: type[Any], id: UUID, kind: AddressKind) -> Address | None:
    """Where bills or goods go unless somebody says otherwise."""
    query = select(Address).where(_column(model) == id, Address.kind == kind.value, Address.is_default)
    return session.scalar(query)


def add(session: Session, actor: Actor, owner: Owner, *, kind: AddressKind, is_default: bool, **facts: Any) -> Address:
    """Give an account or a contact an address; its first of a kind is the default.

    Raises CountryUnknown, PostcodeInvalid, TooManyAddresses, ContactErased.
    """
    column = _column(type(owner))
    if isinstance(owner, Contact):
        contacts.hold(session, owner.id)
    _hold(session, owner)
    kinds = session.scalars(select(Address.kind).where(column == owner.id)).all()
    if len(kinds) >= MOST:
        raise TooManyAddresses
    check_country(facts["country"])
    facts["postcode"] = spelt(facts["country"], facts.get("postcode"))
    is_default = is_default or kind.value not in kinds
    if is_default:
        _no_default(session, column == owner.id, kind.value)
    address = Address(**{column.key: owner.id}, kind=kind.value, is_default=is_default, **facts)
    session.add(address)
    session.flush()
    _log(session, actor, Kind.ADDRESS_ADDED, owner, address, {"kind": address.kind})
    return address


def change(session: Session, actor: Actor, owner: Owner, address: Address, changes: dict[str, Any]) -> Address:
    """Change an address; one that becomes the default takes the place of the other. Raises as `add` does."""
    _hold(session, owner)
    country = changes.get("country", address.country)
    check_country(country)
    if "postcode" in changes or "country" in changes:
        changes["postcode"] = spelt(country, changes.get("postcode", address.postcode))
    kind = str(changes.get("kind", address.kind))
    if changes.get("is_default", address.is_default) and (not address.is_default or kind != address.kind):
        _no_default(session, _column(type(owner)) == owner.id, kind)
    if changed := edit(address, changes):
        session.flush()
        _log(session, actor, Kind.ADDRESS_CHANGED, owner, address, {"changed": changed})
    return address


def remove(session: Session, actor: Actor, owner: Owner, address: Address) -> None:
    """Delete an address; orders keep what they were sent to."""
    session.delete(address)
    session.flush()
    _log(session, actor, Kind.ADDRESS_REMOVED, owner, address, {"kind": address.kind})


def clear(session: Session, owner: Owner) -> None:
    """Delete the addresses of something that is about to be deleted itself."""
    for address in addresses_of(session, type(owner), [owner.id]):
        session.delete(address)
    session.flush()


def _column(model: type[Any]) -> Any:
    return Address.contact_id if model is Contact else Address.account_id


def _hold(session: Session, owner: Owner) -> None:
    """Two writers of one owner's addresses come one after the other: there is one default, and a limit."""
    model = type(owner)
    session.scalar(select(model.id).where(model.id == owner.id).with_for_update(key_share=True))


def _no_default(session: Session, of_owner: ColumnElement[bool], kind: str) -> None:
    write_rows(
        session, update(TABLE).where(of_owner, TABLE.c.kind == kind, TABLE.c.is_default).values(is_default=False)
    )


def _log(session: Session, actor: Actor, kind: Kind, owner: Owner, address: Address, payload: dict[str, Any]) -> None:
    subject = ("address", address.id)
    if isinstance(owner, Account):
        about = About(account_id=owner.id, subject=subject)
    else:
        about = About(contact_id=owner.id, account_id=owner.account_id, subject=subject)
    log.append(session, actor, kind, about=about, payload=payload)
