"""Use cases of products and price lists. Everybody sees what is sold; who changes it is the resource's to say."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.accounts import service as accounts
from mcrm.accounts.models import Account
from mcrm.actors import Actor, Role
from mcrm.db import Base
from mcrm.editing import edit
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.products.errors import (
    PriceListNameTaken,
    PriceListNeverInForce,
    PriceListUnknown,
    ProductCodeTaken,
    ProductUnknown,
)
from mcrm.products.models import PriceList, PriceListItem, Product


def products_of(actor: Actor) -> Select[Product]:
    """The products somebody sees: staff all of them, customers those on sale."""
    query = select(Product)
    return query.where(Product.is_active) if actor.role is Role.CUSTOMER else query


def searched(query: Select[Product], words: str | None) -> Select[Product]:
    """Narrowed to products whose name holds, or whose code begins with, these words."""
    if words is None:
        return query
    by_code = Product.code_key.startswith(words.upper(), autoescape=True)
    return query.where(or_(Product.name.icontains(words, autoescape=True), by_code))


def reachable(session: Session, actor: Actor, product_id: UUID, *, field: str | None = None) -> Product:
    """The product; raises ProductUnknown, naming `field`."""
    product = session.scalar(products_of(actor).where(Product.id == product_id))
    if product is None:
        raise ProductUnknown(field=field)
    return product


def names_on_sale(session: Session, product_ids: Iterable[UUID]) -> dict[UUID, str]:
    """The names of those of these products that are on sale, which everybody sees."""
    found = session.connection().execute(_ON_SALE, {"products": list(product_ids)})
    return {row[0]: row[1] for row in found}


_table = Product.__table__.c
_ON_SALE = select(_table.id, _table.name).where(_table.id.in_(bindparam("products", expanding=True)), _table.is_active)


def create(session: Session, actor: Actor, *, code: str, **facts: Any) -> Product:
    """Add a product; codes that differ only in case are one. Raises ProductCodeTaken."""
    product = Product(code=code, code_key=code.upper(), **facts)
    _store(session, product, ProductCodeTaken(field="code"))
    about = About(subject=("product", product.id))
    log.append(session, actor, Kind.PRODUCT_CREATED, about=about, payload={"code": code})
    return product


def change(session: Session, actor: Actor, product: Product, changes: dict[str, Any]) -> Product:
    """Change a product; raises ProductCodeTaken."""
    if "code" in changes:
        changes = {**changes, "code_key": changes["code"].upper()}
    if changed := edit(product, changes):
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
    account_class: str | None = None,
    rank: int = 100,
) -> PriceList:
    """Make a price list; without dates it is in force at once. Raises PriceListNameTaken, PriceListNeverInForce."""
    if account_id is not None:
        accounts.reachable(session, actor, account_id, field="account_id")
    made = PriceList(name=name, currency=currency, account_id=account_id, account_class=account_class, rank=rank)
    made.valid_from, made.valid_until = valid_from, valid_until
    _store_list(session, made)
    log.append(session, actor, Kind.PRICE_LIST_CREATED, about=About(subject=("price-list", made.id)))
    return made


def change_price_list(session: Session, actor: Actor, changing: PriceList, changes: dict[str, Any]) -> PriceList:
    """Change name, dates or rank; raises PriceListNameTaken, PriceListNeverInForce."""
    if changed := edit(changing, changes):
        _store_list(session, changing)
        about = About(subject=("price-list", changing.id))
        log.append(session, actor, Kind.PRICE_LIST_CHANGED, about=about, payload={"changed": changed})
    return changing


def prices_of(price_list_id: UUID) -> Select[PriceListItem]:
    """The prices of a list."""
    return select(PriceListItem).where(PriceListItem.price_list_id == price_list_id)


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
    log.append(session, actor, Kind.PRICE_SET, about=About(subject=("product", product.id)), payload=payload)
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
