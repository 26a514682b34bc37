"""Stock per product and location. Available to promise = on hand - reserved, and it can never fall below zero.

At any time `on_hand` of an item is the sum of its moves, and `reserved` the sum of the reservations held on it and of
what is left of its leases.
"""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Row, Synced, one_of


class ReservationState(StrEnum):
    """Held for an order, shipped with it, or given back."""

    HELD = "held"
    SHIPPED = "shipped"
    RELEASED = "released"


class MoveKind(StrEnum):
    """Why pieces came or went."""

    RECEIPT = "receipt"
    ADJUSTMENT = "adjustment"
    SHIPMENT = "shipment"
    RETURN = "return"
    TRANSFER = "transfer"
    SCRAP = "scrap"


class RequestState(StrEnum):
    """Where a purchase request stands; `purchasing/service.py` says which moves are legal."""

    OPEN = "open"
    ORDERED = "ordered"
    RECEIVED = "received"
    CANCELLED = "cancelled"


LIVE = text("state IN ('open', 'ordered')")


class StockLocation(Synced):
    """A place where pieces stand. Orders are served from every location, but not from one that does not sell."""

    __tablename__ = "stock_locations"

    code: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    sells: Mapped[bool] = mapped_column(default=True)


class StockItem(Synced):
    """How many pieces of a product stand at a location, and how many of them are promised.

    Fewer than `reorder_point` left to promise make a purchase request for `reorder_quantity`; None: nobody watches.
    """

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
    reorder_point: Mapped[int | None]
    reorder_quantity: Mapped[int | None]

    @property
    def available(self) -> int:
        """How many can still be promised."""
        return self.on_hand - self.reserved


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
    __table_args__ = (one_of("kind", MoveKind), Index("ix_stock_moves_stock_item_id", "stock_item_id"))

    stock_item_id: Mapped[UUID] = mapped_column(Id, ForeignKey("stock_items.id"))
    kind: Mapped[str] = mapped_column(default=MoveKind.ADJUSTMENT.value, server_default=MoveKind.ADJUSTMENT.value)
    quantity: Mapped[int]
    reason: Mapped[str]
    subject_type: Mapped[str | None]
    subject_id: Mapped[UUID | None]


class PurchaseRequest(Synced):
    """Somebody should buy more of this; at most one per stock item is under way."""

    __tablename__ = "purchase_requests"
    __table_args__ = (
        one_of("state", RequestState),
        CheckConstraint("quantity > 0", name="quantity"),
        Index("uq_purchase_requests_live", "stock_item_id", unique=True, sqlite_where=LIVE, postgresql_where=LIVE),
        Index("ix_purchase_requests_stock_item_id", "stock_item_id"),
    )

    stock_item_id: Mapped[UUID] = mapped_column(Id, ForeignKey("stock_items.id"))
    quantity: Mapped[int]
    state: Mapped[str] = mapped_column(default=RequestState.OPEN.value)
    received_quantity: Mapped[int | None]
    reference: Mapped[str | None]
    ordered_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
