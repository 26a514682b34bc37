"""Which price applies: a pure rule over the lists in force, and the one query that finds them.

The rule: among the lists that apply to the account at the time, in the order's currency, the lowest `rank` that has a
price for the product wins (a tie goes to the older list); within it the highest `min_quantity` that is reached.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import BindParameter, bindparam, or_, select
from sqlalchemy.orm import Session

from mcrm.accounts.models import Account
from mcrm.db import UtcDateTime
from mcrm.products.models import PriceList, PriceListItem


@dataclass(frozen=True, slots=True)
class Price:
    """One price that could apply; `unit_price` in minor units of `currency`."""

    rank: int
    price_list_id: UUID
    product_id: UUID
    currency: str
    min_quantity: int
    unit_price: int


def choose(prices: Iterable[Price], *, product_id: UUID, quantity: int, currency: str | None) -> Price | None:
    """The price that applies to so many of a product; with `currency` None the best list's own decides."""
    fitting = [
        price
        for price in prices
        if price.product_id == product_id and price.min_quantity <= quantity and currency in (None, price.currency)
    ]
    return min(fitting, key=lambda price: (price.rank, price.price_list_id.bytes, -price.min_quantity), default=None)


def prices_in_force(session: Session, account_id: UUID, product_ids: Sequence[UUID], *, at: datetime) -> list[Price]:
    """Every price of these products in the lists that apply to the account at that instant."""
    asked = {"products": product_ids, "at": at, "account": account_id}
    return [Price(*row) for row in session.connection().execute(_IN_FORCE, asked)]


_at: BindParameter[datetime] = bindparam("at", type_=UtcDateTime())
_lists, _items = PriceList.__table__.c, PriceListItem.__table__.c
_CLASS = select(Account.__table__.c.account_class).where(Account.__table__.c.id == bindparam("account"))
_IN_FORCE = (  # built once: putting it together costs more than running it
    select(
        _lists.rank,
        _lists.id,
        _items.product_id,
        _lists.currency,
        _items.min_quantity,
        _items.unit_price,
    )
    .join_from(PriceListItem.__table__, PriceList.__table__, _lists.id == _items.price_list_id)
    .where(
        _items.product_id.in_(bindparam("products", expanding=True)),
        or_(_lists.valid_from.is_(None), _lists.valid_from <= _at),
        or_(_lists.valid_until.is_(None), _lists.valid_until > _at),
        or_(_lists.account_id.is_(None), _lists.account_id == bindparam("account")),
        or_(_lists.account_class.is_(None), _lists.account_class == _CLASS.scalar_subquery()),
    )
)
