"""Use cases of roles: a contact acts for accounts beside the own one."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.accounts.models import Account
from mcrm.accounts.service import accounts_of
from mcrm.actors import Actor
from mcrm.contact_roles.errors import RoleUnknown
from mcrm.contact_roles.models import AccountContact
from mcrm.contacts.models import Contact
from mcrm.contacts.service import contacts_of, member_ids
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About


@dataclass(frozen=True, slots=True)
class Acting:
    """One contact acting for one account; `is_home` for the account that the contact is of."""

    account_id: UUID
    account_name: str
    contact_id: UUID
    contact_name: str
    roles: Sequence[str]
    is_home: bool


def acting_for(actor: Actor, account_id: UUID) -> Select[UUID]:
    """The ids of the contacts that act for an account; of one out of reach nothing is said."""
    within_reach = accounts_of(actor).where(Account.id == account_id).with_only_columns(Account.id)
    return select(AccountContact.contact_id).where(AccountContact.account_id.in_(within_reach))


def people_of(session: Session, actor: Actor, account: Account, *, limit: int) -> list[Acting]:
    """Who is of an account or acts for it, of the contacts within reach, by name."""
    acting = contacts_of(actor).join(AccountContact, AccountContact.contact_id == Contact.id)
    rows = session.execute(
        acting.where(AccountContact.account_id == account.id)
        .with_only_columns(Contact.id, Contact.name, Contact.account_id, AccountContact.roles)
        .order_by(Contact.name, Contact.id)
        .limit(limit)
    ).all()
    found = [_acting(account.id, account.name, row.id, row.name, row.roles, row.account_id) for row in rows]
    known = {one.contact_id for one in found}
    own = session.scalars(
        contacts_of(actor).where(Contact.account_id == account.id).order_by(Contact.name, Contact.id).limit(limit)
    )
    found += [_acting(account.id, account.name, one.id, one.name, [], account.id) for one in own if one.id not in known]
    return sorted(found, key=lambda one: (one.contact_name, one.contact_id))[:limit]


def accounts_for(session: Session, actor: Actor, contact: Contact, *, limit: int) -> list[Acting]:
    """The accounts, within reach, that a person is of or acts for."""
    person = member_ids(session, actor, contact)
    homes = select(Contact.account_id).where(Contact.id.in_(person)).correlate(None)
    rows = session.execute(
        accounts_of(actor)
        .join(AccountContact, AccountContact.account_id == Account.id)
        .where(AccountContact.contact_id.in_(person))
        .with_only_columns(Account.id, Account.name, AccountContact.contact_id, AccountContact.roles)
        .limit(limit)
    ).all()
    own = set(session.scalars(homes))
    found = [Acting(row.id, row.name, row.contact_id, contact.name, row.roles, is_home=row.id in own) for row in rows]
    listed = {one.account_id for one in found}
    for account in session.scalars(accounts_of(actor).where(Account.id.in_(own - listed))):
        found.append(Acting(account.id, account.name, contact.id, contact.name, [], is_home=True))
    return sorted(found, key=lambda one: (not one.is_home, one.account_name, one.account_id))[:limit]


def role_of(session: Session, account: Account, contact: Contact) -> AccountContact:
    """What a contact does for an account; raises RoleUnknown."""
    found = _find(session, account, contact)
    if found is None:
        raise RoleUnknown
    return found


def assign(session: Session, actor: Actor, account: Account, contact: Contact, roles: Sequence[str]) -> AccountContact:
    """Let a contact act for an account in these roles, in place of those before."""
    wanted = sorted(set(roles))
    found = _find(session, account, contact)
    if found is None:
        found = AccountContact(account_id=account.id, contact_id=contact.id, roles=wanted)
        try:
            with session.begin_nested():
                session.add(found)
        except IntegrityError:  # somebody else did at the same moment: the later word counts
            return assign(session, actor, account, contact, roles)
    elif found.roles == wanted:
        return found
    else:
        found.roles = wanted
        session.flush()
    _log(session, actor, account, contact, wanted)
    return found


def dismiss(session: Session, actor: Actor, account: Account, contact: Contact) -> None:
    """The contact acts for this account no more; raises RoleUnknown."""
    session.delete(role_of(session, account, contact))
    session.flush()
    _log(session, actor, account, contact, [])


def _find(session: Session, account: Account, contact: Contact) -> AccountContact | None:
    query = select(AccountContact).where(
        AccountContact.account_id == account.id, AccountContact.contact_id == contact.id
    )
    return session.scalar(query)


def _acting(account_id: UUID, account_name: str, id: UUID, name: str, roles: Sequence[str], home: Any) -> Acting:
    return Acting(account_id, account_name, id, name, roles, is_home=home == account_id)


def _log(session: Session, actor: Actor, account: Account, contact: Contact, roles: list[str]) -> None:
    about = About(contact_id=contact.id, account_id=account.id)
    log.append(session, actor, Kind.CONTACT_ROLES_SET, about=about, payload={"roles": roles})
