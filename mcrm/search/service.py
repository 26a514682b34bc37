"""One search over name, number, phone, mail, code: grouped, a few of each, and only what the asker may see anyway.

Each group is searched as its own list is, so what is found here is found there, and no row is in reach here alone.
"""

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import RowMapping, Select, select
from sqlalchemy.orm import Session

from mcrm.accounts import service as accounts
from mcrm.accounts.models import Account
from mcrm.actors import Actor, Role
from mcrm.contacts import searching
from mcrm.contacts.models import Contact
from mcrm.orders import service as orders
from mcrm.orders.models import Order
from mcrm.products import service as products
from mcrm.products.models import Product

Found = dict[str, list[RowMapping]]


class Group(StrEnum):
    """What is searched; the names are those of the areas that an integration key is let into."""

    CONTACTS = "contacts"
    ACCOUNTS = "accounts"
    ORDERS = "orders"
    PRODUCTS = "products"


def search(
    session: Session, actor: Actor, words: str, *, groups: Collection[Group] = tuple(Group), limit: int = 5
) -> Found:
    """At most `limit` of each group, newest first.

    Contacts and accounts are found by the beginnings of the name's words or of the number, contacts also by phone,
    however it is written, and by mail address; orders by their whole number; products by words or the code.
    """
    wanted = [group for group in Group if group in groups and _may_see(actor, group)]
    session.flush()
    return {
        group.value: [row._mapping for row in session.execute(_SEARCHES[group](actor, words).limit(limit))]
        for group in wanted
    }


def _may_see(actor: Actor, group: Group) -> bool:
    """A key for searching does not open what the key does not permit."""
    return actor.role is not Role.INTEGRATION or f"{group.value}:read" in actor.permits


def _contacts(actor: Actor, words: str) -> Select[Any]:
    people = searching.people_of(actor, few=True).where(Contact.erased_at.is_(None))
    found = searching.searched(people, actor, words, None)
    return found.with_only_columns(*_CONTACT).order_by(Contact.id.desc())


def _accounts(actor: Actor, words: str) -> Select[Any]:
    found = accounts.searched(accounts.accounts_of(actor), words)
    return found.with_only_columns(*_ACCOUNT).order_by(Account.id.desc())


def _orders(actor: Actor, words: str) -> Select[Any]:
    found = orders.within_reach(select(*_ORDER), actor).where(Order.number_key == orders.number_key(words))
    return found.order_by(Order.id.desc())


def _products(actor: Actor, words: str) -> Select[Any]:
    found = products.searched(products.products_of(actor), words)
    return found.with_only_columns(*_PRODUCT).order_by(Product.id.desc())


_CONTACT: tuple[Any, ...] = (Contact.id, Contact.name, Contact.number, Contact.account_id)
_ACCOUNT: tuple[Any, ...] = (Account.id, Account.name, Account.number, Account.kind)
_ORDER: tuple[Any, ...] = (Order.id, Order.number, Order.status, Order.contact_id, Order.placed_at)
_PRODUCT: tuple[Any, ...] = (Product.id, Product.code, Product.name)
_SEARCHES: Mapping[Group, Callable[[Actor, str], Select[Any]]] = {
    Group.CONTACTS: _contacts,
    Group.ACCOUNTS: _accounts,
    Group.ORDERS: _orders,
    Group.PRODUCTS: _products,
}
