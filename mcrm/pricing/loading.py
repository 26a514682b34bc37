"""Rules out of the database: all of them for a phone, or just those that a few products need, in one query."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, ColumnElement, Connection, bindparam, func, literal, or_, select
from sqlalchemy.orm import Session

from mcrm.accounts.hierarchy import DEEPEST
from mcrm.accounts.models import Account
from mcrm.db import UtcDateTime
from mcrm.prepared import Prepared
from mcrm.pricing.rules import Break, Discount, Item, ListRule, Rules, TaxRule
from mcrm.products.models import PriceList, PriceListItem, Product
from mcrm.taxes.models import TaxRate


def rules_of(session: Session, account_id: UUID, *, at: datetime) -> Rules:
    """Everything that decides what an account pays from that instant on; lists that begin later are among it."""
    connection = session.connection()
    asked = {"account": account_id, "at": at}
    prices: dict[UUID, list[Break]] = {}
    for list_id, *step in connection.execute(_PRICES, asked):
        prices.setdefault(list_id, []).append(Break(*step))
    return Rules(
        products=tuple(Item(*row) for row in connection.execute(_PRODUCTS)),
        lists=tuple(_list_rule(row, prices.get(row[0], ())) for row in connection.execute(_STILL_TO_COUNT, asked)),
        taxes=tuple(TaxRule(*row) for row in connection.execute(_TAXES)),
    )


def rules_for(
    session: Session | Connection, account_id: UUID, product_ids: Sequence[UUID], *, at: datetime
) -> tuple[Rules, dict[UUID, str]]:
    """The rules that decide what an account pays for these products at that instant, and the products' names."""
    connection = session if isinstance(session, Connection) else session.connection()
    rows = _NEEDED.all(connection, {"products": list(product_ids), "account": account_id, "at": at})
    names, items, taxes = dict[UUID, str](), dict[UUID, Item](), dict[str, TaxRule]()
    heads, prices = dict[UUID, Sequence[Any]](), dict[UUID, list[Break]]()
    for row in rows:
        product_id, name, tax_code, category, rate, min_quantity, unit_price, list_id = row[OF_LIST:]
        names[product_id], items[product_id] = name, Item(product_id, tax_code, category)
        if rate is not None:
            taxes[tax_code] = TaxRule(tax_code, rate, at)
        heads[list_id] = row
        prices.setdefault(list_id, []).append(Break(product_id, min_quantity, unit_price))
    if missing := [product_id for product_id in product_ids if product_id not in items]:
        for product_id, name, *facts in connection.execute(_ON_SALE, {"products": missing}):
            names[product_id], items[product_id] = name, Item(product_id, *facts)
    lists = tuple(_list_rule(row, prices[list_id]) for list_id, row in heads.items())
    return Rules(tuple(items.values()), lists, tuple(taxes.values())), names


def _list_rule(row: Sequence[Any], prices: Iterable[Break]) -> ListRule:
    """Of a row that begins with the columns of `_LIST`."""
    list_id, rank, currency, includes_tax, valid_from, valid_until, discounts, levels_up = row[:OF_LIST]
    return ListRule(
        id=list_id,
        rank=rank,
        currency=currency,
        includes_tax=includes_tax,
        prices=tuple(prices),
        discounts=tuple(_discount(**discount) for discount in discounts),
        valid_from=valid_from,
        valid_until=valid_until,
        levels_up=levels_up,
    )


def _discount(*, product_id: str | None, **facts: Any) -> Discount:
    return Discount(product_id=None if product_id is None else UUID(product_id), **facts)


_at: BindParameter[datetime] = bindparam("at", type_=UtcDateTime())
_products, _lists, _items, _taxes = (
    Product.__table__.c,
    PriceList.__table__.c,
    PriceListItem.__table__.c,
    TaxRate.__table__.c,
)
_accounts = Account.__table__
_above = (
    select(_accounts.c.id, _accounts.c.parent_id, literal(0).label("levels_up"))
    .where(_accounts.c.id == bindparam("account"))
    .cte("above", recursive=True)
)
_above = _above.union_all(
    select(_accounts.c.id, _accounts.c.parent_id, _above.c.levels_up + 1).where(
        _accounts.c.id == _above.c.parent_id, _above.c.levels_up < DEEPEST
    )
)
_LEVELS_UP = select(_above.c.levels_up).where(_above.c.id == _lists.account_id).scalar_subquery()
_LIST = (
    _lists.id,
    _lists.rank,
    _lists.currency,
    _lists.includes_tax,
    _lists.valid_from,
    _lists.valid_until,
    _lists.discounts,
    _LEVELS_UP.label("levels_up"),
)
OF_LIST = len(_LIST)
_CLASS = select(_accounts.c.account_class).where(_accounts.c.id == bindparam("account"))
_NOT_OVER: tuple[ColumnElement[bool], ...] = (
    or_(_lists.valid_until.is_(None), _lists.valid_until > _at),
    or_(_lists.account_id.is_(None), _lists.account_id.in_(select(_above.c.id))),
    or_(_lists.account_class.is_(None), _lists.account_class == _CLASS.scalar_subquery()),
)
_RATE = (
    select(_taxes.basis_points)
    .where(_taxes.code == _products.tax_code, _taxes.valid_from <= _at)
    .order_by(_taxes.valid_from.desc())
    .limit(1)
)
_other = PriceList.__table__.alias()
_NEAREST = (
    select(func.min(_above.c.levels_up))
    .where(
        _above.c.id == _other.c.account_id,
        or_(_other.c.valid_from.is_(None), _other.c.valid_from <= _at),
        or_(_other.c.valid_until.is_(None), _other.c.valid_until > _at),
    )
    .scalar_subquery()
)
"""How far above the account the nearest one stands that has a list in force, whatever that list prices."""
_NEEDED = Prepared(
    select(
        *_LIST,
        _products.id.label("product_id"),
        _products.name,
        _products.tax_code,
        _products.category,
        _RATE.scalar_subquery().label("rate"),
        _items.min_quantity,
        _items.unit_price,
        _items.price_list_id,
    )
    .join_from(Product.__table__, PriceListItem.__table__, _items.product_id == _products.id)
    .join(PriceList.__table__, _lists.id == _items.price_list_id)
    .where(
        _products.id.in_(bindparam("products", expanding=True)),
        _products.is_active,
        or_(_lists.valid_from.is_(None), _lists.valid_from <= _at),
        *_NOT_OVER,
        or_(_lists.account_id.is_(None), _LEVELS_UP == _NEAREST),
    )
)
_ON_SALE = select(_products.id, _products.name, _products.tax_code, _products.category).where(
    _products.id.in_(bindparam("products", expanding=True)), _products.is_active
)
_PRODUCTS = select(_products.id, _products.tax_code, _products.category).where(_products.is_active)
_PRODUCTS = _PRODUCTS.order_by(_products.id)
_STILL_TO_COUNT = select(*_LIST).where(*_NOT_OVER).order_by(_lists.rank, _lists.id)
_PRICES = (
    select(_items.price_list_id, _items.product_id, _items.min_quantity, _items.unit_price)
    .join_from(PriceListItem.__table__, PriceList.__table__, _lists.id == _items.price_list_id)
    .join(Product.__table__, _products.id == _items.product_id)
    .where(_products.is_active, *_NOT_OVER)
    .order_by(_items.price_list_id, _items.product_id, _items.min_quantity)
)
_TAXES = select(_taxes.code, _taxes.basis_points, _taxes.valid_from).order_by(_taxes.code, _taxes.valid_from)
