"""Products, price lists and their items."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Synced


class Product(Synced):
    """Something we sell. `code_key` is the code in upper case: real files write one code in both cases."""

    __tablename__ = "products"
    __table_args__ = (Index("ix_products_name", "name"),)

    code: Mapped[str]
    code_key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    description: Mapped[str | None]
    category: Mapped[str | None]
    unit: Mapped[str | None]
    picture_url: Mapped[str | None]
    is_active: Mapped[bool] = mapped_column(default=True)
    custom: Mapped[dict[str, Any]] = mapped_column(default=dict)


class PriceList(Synced):
    """Prices in one currency, for a time, for whom it applies; the lowest `rank` that applies wins."""

    __tablename__ = "price_lists"
    __within__ = ("account_id", "accounts")
    __open__ = True

    name: Mapped[str] = mapped_column(unique=True)
    currency: Mapped[str]
    valid_from: Mapped[datetime | None]
    valid_until: Mapped[datetime | None]
    account_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("accounts.id"))
    account_class: Mapped[str | None]
    rank: Mapped[int] = mapped_column(default=100)


class PriceListItem(Synced):
    """The price of one product from a quantity on; minor units of the list's currency."""

    __tablename__ = "price_list_items"
    __within__ = ("price_list_id", "price_lists")
    __open__ = True
    __table_args__ = (
        UniqueConstraint("price_list_id", "product_id", "min_quantity"),
        Index("ix_price_list_items_product_id", "product_id"),
        CheckConstraint("unit_price >= 0", name="unit_price"),
        CheckConstraint("min_quantity >= 1", name="min_quantity"),
    )

    price_list_id: Mapped[UUID] = mapped_column(Id, ForeignKey("price_lists.id"))
    product_id: Mapped[UUID] = mapped_column(Id, ForeignKey("products.id"))
    min_quantity: Mapped[int] = mapped_column(default=1)
    unit_price: Mapped[int]
