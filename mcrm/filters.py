"""What contacts, accounts and products are narrowed by: one rule for lists and for changes of all that they find."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Select
from sqlalchemy.orm import Session

from mcrm.accounts import service as of_accounts
from mcrm.accounts.models import Account
from mcrm.actors import Actor
from mcrm.contact_roles import service as roles
from mcrm.contacts import searching
from mcrm.contacts.models import Contact
from mcrm.custom_fields import service as custom_fields
from mcrm.custom_fields.models import FieldTable
from mcrm.products import service as of_products
from mcrm.products.models import Product
from mcrm.tags import service as tags

NOTHING: Mapping[str, str] = {}


def contacts(
    session: Session,
    actor: Actor,
    *,
    q: str | None = None,
    phone: str | None = None,
    account_id: UUID | None = None,
    tag: str | None = None,
    custom: Mapping[str, str] = NOTHING,
) -> Select[Contact]:
    """The people within reach of whom all of this is true. Raises NoSuchField and ValueInvalid."""
    few = any(wanted is not None for wanted in (q, phone, account_id, tag))
    found = searching.searched(searching.people_of(actor, few=few), actor, q, phone)
    if account_id is not None:
        acting = roles.acting_for(actor, account_id)
        found = searching.narrowed(found, actor, [searching.of_account(account_id), acting])
    if tag is not None:
        found = searching.narrowed(found, actor, [tags.with_tag(Contact, tag)])
    return custom_fields.filtered(session, found, Contact.custom, FieldTable.CONTACTS, custom)


def accounts(
    session: Session,
    actor: Actor,
    *,
    q: str | None = None,
    tag: str | None = None,
    custom: Mapping[str, str] = NOTHING,
    **wanted: Any,
) -> Select[Account]:
    """The accounts within reach of whom all of this is true; `wanted` are values of their columns, None for any.

    Raises NoSuchField and ValueInvalid.
    """
    found = _having(of_accounts.searched(of_accounts.accounts_of(actor), q), Account, wanted)
    if tag is not None:
        found = found.where(Account.id.in_(tags.with_tag(Account, tag)))
    return custom_fields.filtered(session, found, Account.custom, FieldTable.ACCOUNTS, custom)


def products(actor: Actor, *, q: str | None = None, **wanted: Any) -> Select[Product]:
    """The products that the actor sees of which all of this is true; `wanted` are values of their columns."""
    return _having(of_products.searched(of_products.products_of(actor), q), Product, wanted)


def _having(query: Select[Any], model: Any, wanted: Mapping[str, Any]) -> Select[Any]:
    for name, value in wanted.items():
        if value is not None:
            query = query.where(getattr(model, name) == value)
    return query
