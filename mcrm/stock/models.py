"""Stock per product and location. Available to promise = on hand - reserved, and it can never fall below zero."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Row, Synced, one_of


class ReservationState(StrEnum):
    """Held for an order, shipped with it, or given back."""

    HELD = "held"
    SHIPPED = "shipped"
    RELEASED = "released"


class StockItem(Synced):
    """How many pieces of a product stand at a location, and how many of them are promised."""

    __tablename__ = "stock_items"
    __table_args__ = (
        UniqueConstraint("product_id", "location"),
        CheckConstraint("reserved >= 0", name="reserved"),
        CheckConstraint("on_hand >= reserved", name="available"),
    )

    product_id: Mapped[UUID] = mapped_column(Id, ForeignKey("products.id"))
    location: Mapped[str] = mapped_column(default="main")
    on_hand: Mapped[int] = mapped_column(default=0)
    reserved: Mapped[int] = mapped_column(default=0)


class StockReservation(Row):
    """Pieces promised to one order line."""

    __tablename__ = "stock_reservations"
    __table_args__ = (
        one_of("state", ReservationState),
        CheckConstraint("quantity > 0", name="quantity"),
        Index("ix_stock_reservations_order_line_id", "order_line_id"),
        Index("ix_stock_reservations_stock_item_id", "stock_item_id"),
    )

    stock_item_id: Mapped[UUID] = mapped_column(Id, ForeignKey("stock_items.id"))
    order_line_id: Mapped[UUID] = mapped_column(Id, ForeignKey("order_lines.id"))
    quantity: Mapped[int]
    state: Mapped[str] = mapped_column(default=ReservationState.HELD.value)
    expires_at: Mapped[datetime | None]


class StockMove(Row):
    """One movement: pieces in (positive) or out (negative), and why."""

    __tablename__ = "stock_moves"
    __table_args__ = (Index("ix_stock_moves_stock_item_id", "stock_item_id"),)

    stock_item_id: Mapped[UUID] = mapped_column(Id, ForeignKey("stock_items.id"))
    quantity: Mapped[int]
    reason: Mapped[str]
    subject_type: Mapped[str | None]
    subject_id: Mapped[UUID | None]
