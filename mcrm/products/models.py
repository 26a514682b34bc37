"""Products, price lists and their items."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text, true
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Synced
from mcrm.products.searching import search_text


def _search_text(context: Any) -> str:
    """Of a product about to be inserted, by whatever road."""
    values = context.get_current_parameters()
    return search_text(values["name"], values.get("category"))


class Product(Synced):
    """Something we sell. `code_key` is the code in upper case: real files write one code in both cases.

    `search_text` is what words are looked for in. A product without a tax code is sold without tax.
    """

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
    tax_code: Mapped[str | None]
    search_text: Mapped[str] = mapped_column(default=_search_text, server_default=text("''"))
    custom: Mapped[dict[str, Any]] = mapped_column(default=dict)


class PriceList(Synced):
    """Prices in one currency, for a time, for whom it applies; the lowest `rank` that applies wins.

    `discounts` is a list of objects with the members of `pricing.rules.Discount`, ids as text.
    """

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
    includes_tax: Mapped[bool] = mapped_column(default=True, server_default=true())
    discounts: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")


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
