"""What the filters of a list find: one function a resource, so that its list and whatever acts on many rows agree.

A filter that one of them overlooked would change, or give away, rows that nobody asked for.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select
from sqlalchemy.orm import Session

from mcrm.accounts import service as account_service
from mcrm.accounts.models import Account
from mcrm.actors import Actor
from mcrm.contact_roles import service as roles
from mcrm.contacts import searching
from mcrm.contacts.models import Contact
from mcrm.custom_fields import service as custom_fields
from mcrm.custom_fields.models import FieldTable
from mcrm.products import service as product_service
from mcrm.products.models import Product
from mcrm.tags import service as tags

Asked = Mapping[str, Any]
NARROWING = ("q", "phone", "account_id", "tag")
OF_ACCOUNTS = ("territory_id", "parent_id", "kind", "account_class")


def contacts(session: Session, actor: Actor, asked: Asked) -> Select[Any]:
    """People within reach by a loaded `ContactQuery`. Raises NoSuchField and ValueInvalid for custom fields."""
    found = searching.people_of(actor, few=any(asked[name] is not None for name in NARROWING))
    found = searching.searched(found, actor, asked["q"], asked["phone"])
    if (account_id := asked["account_id"]) is not None:
        acting = roles.acting_for(actor, account_id)
        found = searching.narrowed(found, actor, [searching.of_account(account_id), acting])
    if (tag := asked["tag"]) is not None:
        found = searching.narrowed(found, actor, [tags.with_tag(Contact, tag)])
    return custom_fields.filtered(session, found, Contact.custom, FieldTable.CONTACTS, asked["custom"])


def accounts(session: Session, actor: Actor, asked: Asked) -> Select[Any]:
    """Accounts within reach by a loaded `AccountQuery`. Raises as `contacts` does."""
    found: Select[Any] = account_service.searched(account_service.accounts_of(actor), asked["q"])
    for name in OF_ACCOUNTS:
        if (value := asked[name]) is not None:
            found = found.where(getattr(Account, name) == value)
    if (tag := asked["tag"]) is not None:
        found = found.where(Account.id.in_(tags.with_tag(Account, tag)))
    return custom_fields.filtered(session, found, Account.custom, FieldTable.ACCOUNTS, asked["custom"])


def products(actor: Actor, asked: Asked) -> Select[Any]:
    """Products that somebody sees by a loaded `ProductQuery`."""
    found: Select[Any] = product_service.searched(product_service.products_of(actor), asked["q"])
    if (category := asked["category"]) is not None:
        found = found.where(Product.category == category)
    if (is_active := asked["is_active"]) is not None:
        found = found.where(Product.is_active.is_(is_active))
    return found
