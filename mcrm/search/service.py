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
from mcrm.actors import Actor, Area, Role
from mcrm.cases import service as cases
from mcrm.cases.models import Case
from mcrm.contacts import searching
from mcrm.contacts.models import Contact
from mcrm.invoices import service as invoices
from mcrm.invoices.models import Invoice
from mcrm.orders import service as orders
from mcrm.orders.models import Order, Shipment
from mcrm.products import service as products
from mcrm.products.models import Product
from mcrm.quotes import service as quotes
from mcrm.quotes.models import Quote
from mcrm.returns import service as returns
from mcrm.returns.models import Return

Found = dict[str, list[RowMapping]]


class Group(StrEnum):
    """What is searched."""

    CONTACTS = "contacts"
    ACCOUNTS = "accounts"
    ORDERS = "orders"
    PRODUCTS = "products"
    QUOTES = "quotes"
    INVOICES = "invoices"
    RETURNS = "returns"
    SHIPMENTS = "shipments"
    CASES = "cases"


def search(
    session: Session, actor: Actor, words: str, *, groups: Collection[Group] = tuple(Group), limit: int = 5
) -> Found:
    """At most `limit` of each group, newest first.

    Contacts and accounts are found by the beginnings of the name's words or of the number, contacts also by phone,
    however it is written, and by mail address; products by words or the code; orders and all that hangs on them by
    their whole number: a return and a document also by the order's, a shipment and its order by the tracking number.
    """
    wanted = [group for group in Group if group in groups and _may_see(actor, group)]
    session.flush()
    return {group.value: _found(session, _SEARCHES[group](actor, words).limit(limit), group, words) for group in wanted}


def _found(session: Session, query: Select[Any], group: Group, words: str) -> list[RowMapping]:
    """The rows; what is found by its number alone is not looked for by words that hold no digit."""
    if group in _BY_NUMBER and not any(character.isdigit() for character in words):
        return []
    return [row._mapping for row in session.execute(query)]


def _may_see(actor: Actor, group: Group) -> bool:
    """A key for searching does not open what the key does not permit."""
    if actor.role is not Role.INTEGRATION:
        return True
    area = _AREAS.get(group)
    return area is not None and f"{area.value}:read" in actor.permits


def _contacts(actor: Actor, words: str) -> Select[Any]:
    people = searching.people_of(actor, few=True).where(Contact.erased_at.is_(None))
    found = searching.searched(people, actor, words, None)
    return found.with_only_columns(*_CONTACT).order_by(Contact.id.desc())


def _accounts(actor: Actor, words: str) -> Select[Any]:
    found = accounts.searched(accounts.accounts_of(actor), words)
    return found.with_only_columns(*_ACCOUNT).order_by(Account.id.desc())


def _orders(actor: Actor, words: str) -> Select[Any]:
    found = orders.within_reach(select(*_ORDER), actor).where(Order.id.in_(orders.found_by(words)))
    return found.order_by(Order.id.desc())


def _products(actor: Actor, words: str) -> Select[Any]:
    found = products.searched(products.products_of(actor), words)
    return found.with_only_columns(*_PRODUCT).order_by(Product.id.desc())


def _quotes(actor: Actor, words: str) -> Select[Any]:
    found = quotes.within_reach(select(*_QUOTE), actor).where(Quote.id.in_(quotes.found_by(words)))
    return found.order_by(Quote.id.desc())


def _invoices(actor: Actor, words: str) -> Select[Any]:
    found: Select[Any] = select(*_INVOICE).join(orders.TABLE, orders.TABLE.c.id == Invoice.order_id)
    found = orders.within_reach(found, actor).where(Invoice.id.in_(invoices.found_by(words)))
    return found.order_by(Invoice.id.desc())


def _returns(actor: Actor, words: str) -> Select[Any]:
    found: Select[Any] = select(*_RETURN, _ORDER_NUMBER).join(Order, Order.id == Return.order_id)
    found = returns.within_reach(found, actor).where(Return.id.in_(returns.found_by(words)))
    return found.order_by(Return.id.desc())


def _shipments(actor: Actor, words: str) -> Select[Any]:
    found: Select[Any] = select(*_SHIPMENT, _ORDER_NUMBER).join(orders.TABLE, orders.TABLE.c.id == Shipment.order_id)
    found = orders.within_reach(found, actor).where(orders.tracked_as(words))
    return found.order_by(Shipment.id.desc())


def _cases(actor: Actor, words: str) -> Select[Any]:
    found = cases.within_reach(select(*_CASE), actor).where(Case.id.in_(cases.found_by(words)))
    return found.order_by(Case.id.desc())


_CONTACT: tuple[Any, ...] = (Contact.id, Contact.name, Contact.number, Contact.account_id)
_ACCOUNT: tuple[Any, ...] = (Account.id, Account.name, Account.number, Account.kind)
_ORDER: tuple[Any, ...] = (Order.id, Order.number, Order.status, Order.contact_id, Order.placed_at)
_PRODUCT: tuple[Any, ...] = (Product.id, Product.code, Product.name)
_QUOTE: tuple[Any, ...] = (Quote.id, Quote.number, Quote.state, Quote.contact_id, Quote.valid_until)
_INVOICE: tuple[Any, ...] = (Invoice.id, Invoice.number, Invoice.kind, Invoice.order_id, Invoice.order_number)
_RETURN: tuple[Any, ...] = (Return.id, Return.state, Return.order_id)
_SHIPMENT: tuple[Any, ...] = (Shipment.id, Shipment.tracking_number, Shipment.carrier, Shipment.order_id)
_CASE: tuple[Any, ...] = (Case.id, Case.number, Case.kind, Case.state, Case.contact_id)
_ORDER_NUMBER: Any = Order.number.label("order_number")
_SEARCHES: Mapping[Group, Callable[[Actor, str], Select[Any]]] = {
    Group.CONTACTS: _contacts,
    Group.ACCOUNTS: _accounts,
    Group.ORDERS: _orders,
    Group.PRODUCTS: _products,
    Group.QUOTES: _quotes,
    Group.INVOICES: _invoices,
    Group.RETURNS: _returns,
    Group.SHIPMENTS: _shipments,
    Group.CASES: _cases,
}
_BY_NUMBER = {Group.ORDERS, Group.QUOTES, Group.INVOICES, Group.RETURNS, Group.SHIPMENTS, Group.CASES}
_AREAS: Mapping[Group, Area] = {
    Group.CONTACTS: Area.CONTACTS,
    Group.ACCOUNTS: Area.ACCOUNTS,
    Group.ORDERS: Area.ORDERS,
    Group.PRODUCTS: Area.PRODUCTS,
    Group.QUOTES: Area.ORDERS,
    Group.INVOICES: Area.BOOKS,
    Group.RETURNS: Area.ORDERS,
    Group.SHIPMENTS: Area.ORDERS,
}
"""What an integration key must be let into to find something; cases are for people alone."""
