"""Quotes and their lines."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Row, Synced, one_of


class QuoteState(StrEnum):
    """Where a quote stands; `quotes/states.py` says which moves are legal."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"


OPEN = text("state = 'open'")


class Quote(Synced):
    """Prices promised to a contact until a moment; it holds no stock. `order_id` is what came of it."""

    __tablename__ = "quotes"
    __table_args__ = (
        one_of("state", QuoteState),
        Index("ix_quotes_account_id_id", "account_id", "id"),
        Index("ix_quotes_contact_id_id", "contact_id", "id"),
        Index("ix_quotes_open", "valid_until", sqlite_where=OPEN, postgresql_where=OPEN),
    )

    number: Mapped[str] = mapped_column(unique=True)
    state: Mapped[str] = mapped_column(default=QuoteState.OPEN.value)
    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("accounts.id"))
    contact_id: Mapped[UUID] = mapped_column(Id, ForeignKey("contacts.id"))
    currency: Mapped[str]
    total: Mapped[int]
    valid_until: Mapped[datetime]
    reference: Mapped[str | None]
    order_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("orders.id"))


class QuoteLine(Row):
    """One line of a quote; `amounts` are the money columns of the order line it becomes, by name."""

    __tablename__ = "quote_lines"
    __table_args__ = (UniqueConstraint("quote_id", "line_number"),)

    quote_id: Mapped[UUID] = mapped_column(Id, ForeignKey("quotes.id"))
    line_number: Mapped[int]
    product_id: Mapped[UUID] = mapped_column(Id, ForeignKey("products.id"))
    description: Mapped[str]
    quantity: Mapped[int]
    unit_price: Mapped[int]
    total: Mapped[int]
    amounts: Mapped[dict[str, Any]]
