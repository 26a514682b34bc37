"""Use cases of products and price lists. Everybody sees what is sold; who changes it is the resource's to say."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, or_, select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.accounts import service as accounts
from mcrm.accounts.models import Account
from mcrm.actors import Actor, Role
from mcrm.audit import trail
from mcrm.db import Base
from mcrm.editing import edit
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.products.errors import (
    PriceListNameTaken,
    PriceListNeverInForce,
    PriceListUnknown,
    PriceUnknown,
    ProductCodeTaken,
    ProductUnknown,
)
from mcrm.products.models import PriceList, PriceListItem, Product
from mcrm.products.searching import search_text, words_of
from mcrm.taxes import service as taxes


def products_of(actor: Actor) -> Select[Product]:
    """The products somebody sees: staff all of them, customers those on sale."""
    query = select(Product)
    return query.where(Product.is_active) if actor.role is Role.CUSTOMER else query


def searched(query: Select[Product], words: str | None) -> Select[Product]:
    """Narrowed to products whose code begins with `words`, or of which every word is somewhere in name or category.

    A word may also be the beginning of the code: `mug hp-` finds the mugs among the codes in HP.
    """
    if words is None:
        return query
    every = [or_(Product.search_text.contains(word, autoescape=True), _code_begins(word)) for word in words_of(words)]
    return query.where(or_(_code_begins(words.strip()), and_(true(), *every)))


def _code_begins(text: str) -> ColumnElement[bool]:
    return Product.code_key.startswith(text.upper(), autoescape=True)


def reachable(session: Session, actor: Actor, product_id: UUID, *, field: str | None = None) -> Product:
    """The product; raises ProductUnknown, naming `field`."""
    product = session.scalar(products_of(actor).where(Product.id == product_id))
    if product is None:
        raise ProductUnknown(field=field)
    return product


def create(session: Session, actor: Actor, *, code: str, **facts: Any) -> Product:
    """Add a product; codes that differ only in case are one. Raises ProductCodeTaken, TaxCodeUnknown."""
    taxes.check_code(session, facts.get("tax_code"), field="tax_code")
    product = Product(code=code, code_key=code.upper(), **facts)
    _store(session, product, ProductCodeTaken(field="code"))
    about = About(subject=("product", product.id))
    log.append(session, actor, Kind.PRODUCT_CREATED, about=about, payload={"code": code})
    return product


def change(session: Session, actor: Actor, product: Product, changes: dict[str, Any]) -> Product:
    """Change a product; raises ProductCodeTaken, TaxCodeUnknown."""
    taxes.check_code(session, changes.get("tax_code"), field="tax_code")
    if changed := edit(product, changes):
        product.code_key = product.code.upper()
        product.search_text = search_text(product.name, product.category)
        _store(session, product, ProductCodeTaken(field="code"))
        about = About(subject=("product", product.id))
        log.append(session, actor, Kind.PRODUCT_CHANGED, about=about, payload={"changed": changed})
    return product


def price_lists_of(actor: Actor) -> Select[PriceList]:
    """The price lists somebody sees: those for everybody, and those made for an account within reach."""
    query = select(PriceList)
    if actor.sees_all:
        return query
    accounts_seen = accounts.accounts_of(actor).with_only_columns(Account.id)
    return query.where(or_(PriceList.account_id.is_(None), PriceList.account_id.in_(accounts_seen)))


def price_list(session: Session, actor: Actor, price_list_id: UUID) -> PriceList:
    """The price list; raises PriceListUnknown for an unknown and for a foreign id alike."""
    found = session.scalar(price_lists_of(actor).where(PriceList.id == price_list_id))
    if found is None:
        raise PriceListUnknown
    return found


def create_price_list(
    session: Session,
    actor: Actor,
    *,
    name: str,
    currency: str,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    account_id: UUID | None = None,
    discounts: Sequence[dict[str, Any]] = (),
    **facts: Any,
) -> PriceList:
    """Make a price list; without dates it is in force at once. `facts` are other columns of PriceList.

    Raises PriceListNameTaken, PriceListNeverInForce, AccountUnknown, AccountErased, and ProductUnknown for a discount
    on no product.
    """
    if account_id is not None:
        accounts.hold(session, accounts.reachable(session, actor, account_id, field="account_id").id)
    made = PriceList(name=name, currency=currency, account_id=account_id, **facts)
    made.valid_from, made.valid_until = valid_from, valid_until
    made.discounts = _stored(session, actor, discounts)
    _store_list(session, made)
    trail.record(session, actor, Kind.PRICE_LIST_CREATED, subject=("price-list", made.id), fields=["name", "currency"])
    return made


def change_price_list(session: Session, actor: Actor, changing: PriceList, changes: dict[str, Any]) -> PriceList:
    """Change name, dates, rank or discounts.

    Raises PriceListNameTaken, PriceListNeverInForce, ProductUnknown, AccountErased.
    """
    if changing.account_id is not None:
        accounts.hold(session, changing.account_id)
    if "discounts" in changes:
        changes = {**changes, "discounts": _stored(session, actor, changes["discounts"])}
    if changed := edit(changing, changes):
        _store_list(session, changing)
        subject, payload = ("price-list", changing.id), {"changed": changed}
        trail.record(session, actor, Kind.PRICE_LIST_CHANGED, subject=subject, fields=changed, payload=payload)
    return changing


def _stored(session: Session, actor: Actor, discounts: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Discounts as the list keeps them, ids as text; raises ProductUnknown, naming the first that names no product."""
    named = {discount["product_id"] for discount in discounts if discount["product_id"]}
    known = set(session.scalars(products_of(actor).with_only_columns(Product.id).where(Product.id.in_(named))))
    for index, discount in enumerate(discounts):
        if discount["product_id"] and discount["product_id"] not in known:
            raise ProductUnknown(field=f"discounts.{index}.product_id")
    return [{**one, "product_id": one["product_id"] and str(one["product_id"])} for one in discounts]


def prices_of(price_list_id: UUID, product_id: UUID | None = None) -> Select[PriceListItem]:
    """The prices of a list, or those of one product in it."""
    query = select(PriceListItem).where(PriceListItem.price_list_id == price_list_id)
    return query if product_id is None else query.where(PriceListItem.product_id == product_id)


def listed_price(session: Session, actor: Actor, *, price_list_id: UUID, price_id: UUID) -> PriceListItem:
    """One price of a list; raises PriceListUnknown, PriceUnknown."""
    query = prices_of(price_list(session, actor, price_list_id).id).where(PriceListItem.id == price_id)
    if (item := session.scalar(query)) is None:
        raise PriceUnknown
    return item


def remove_price(session: Session, actor: Actor, item: PriceListItem) -> None:
    """Take a price out of its list."""
    payload = {"price_list_id": str(item.price_list_id), "min_quantity": item.min_quantity}
    trail.record(session, actor, Kind.PRICE_REMOVED, subject=("product", item.product_id), payload=payload)
    session.delete(item)
    session.flush()


def set_price(
    session: Session, actor: Actor, *, price_list_id: UUID, product_id: UUID, min_quantity: int, unit_price: int
) -> PriceListItem:
    """Set a product's price in a list from a quantity on, in minor units; the same price again changes nothing."""
    list_ = price_list(session, actor, price_list_id)
    product = reachable(session, actor, product_id, field="product_id")
    key = {"price_list_id": list_.id, "product_id": product.id, "min_quantity": min_quantity}
    item = session.scalar(select(PriceListItem).filter_by(**key))
    if item is None:
        item = PriceListItem(**key, unit_price=unit_price)
        try:
            with session.begin_nested():
                session.add(item)
        except IntegrityError:  # set at the same moment by somebody else: the later word counts
            item = session.scalars(select(PriceListItem).filter_by(**key)).one()
            item.unit_price = unit_price
    elif not edit(item, {"unit_price": unit_price}):
        return item
    payload = {"price_list_id": str(list_.id), "min_quantity": min_quantity, "unit_price": unit_price}
    subject = ("product", product.id)
    trail.record(session, actor, Kind.PRICE_SET, subject=subject, fields=["unit_price"], payload=payload)
    session.flush()
    return item


def _store_list(session: Session, stored: PriceList) -> None:
    if stored.valid_from and stored.valid_until and stored.valid_until <= stored.valid_from:
        raise PriceListNeverInForce(field="valid_until")
    _store(session, stored, PriceListNameTaken(field="name"))


def _store(session: Session, row: Base, taken: Exception) -> None:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise taken from None
