"""Orders, their lines, and what hangs on them: payments, shipments, tracking, returns."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from mcrm.db import Base, Id, Row, Synced, one_of


class OrderKind(StrEnum):
    """A sale, or a credit against one."""

    ORDER = "order"
    CREDIT = "credit"


class OrderStatus(StrEnum):
    """Where an order stands; `orders/states.py` says which moves are legal."""

    NEW = "new"
    CONFIRMED = "confirmed"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    RETURNED = "returned"


class PaymentStatus(StrEnum):
    """What of the total has been paid."""

    UNPAID = "unpaid"
    PAID = "paid"
    PART_REFUNDED = "part_refunded"
    REFUNDED = "refunded"


class Order(Synced):
    """A sale or a credit. `number_key` is the number in upper case without spaces, dashes and `#`, for looking up."""

    __tablename__ = "orders"
    __within__ = ("account_id", "accounts")
    __table_args__ = (
        one_of("kind", OrderKind),
        one_of("status", OrderStatus),
        one_of("payment_status", PaymentStatus),
        Index("ix_orders_contact_id_id", "contact_id", "id"),
        Index("ix_orders_account_id_id", "account_id", "id"),
        Index("ix_orders_number_key", "number_key"),
    )

    number: Mapped[str] = mapped_column(unique=True)
    number_key: Mapped[str]
    kind: Mapped[str] = mapped_column(default=OrderKind.ORDER.value)
    status: Mapped[str] = mapped_column(default=OrderStatus.NEW.value)
    payment_status: Mapped[str] = mapped_column(default=PaymentStatus.UNPAID.value)
    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("accounts.id"))
    contact_id: Mapped[UUID] = mapped_column(Id, ForeignKey("contacts.id"))
    currency: Mapped[str]
    total: Mapped[int]
    placed_at: Mapped[datetime]
    expected_on: Mapped[date | None] = mapped_column(Date)
    source: Mapped[str | None]
    reference: Mapped[str | None]
    custom: Mapped[dict[str, Any]] = mapped_column(default=dict)

    lines: Mapped[list["OrderLine"]] = relationship(lazy="raise", order_by="OrderLine.line_number", viewonly=True)


class OrderLine(Synced):
    """One line; prices in minor units of the order's currency. `product_id` may be None for imported oddities."""

    __tablename__ = "order_lines"
    __within__ = ("order_id", "orders")
    __table_args__ = (
        UniqueConstraint("order_id", "line_number"),
        CheckConstraint("quantity <> 0", name="quantity"),
        Index("ix_order_lines_product_id", "product_id"),
    )

    order_id: Mapped[UUID] = mapped_column(Id, ForeignKey("orders.id"))
    line_number: Mapped[int]
    product_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("products.id"))
    description: Mapped[str]
    quantity: Mapped[int]
    unit_price: Mapped[int]
    total: Mapped[int]


class Payment(Row):
    """Money that came in (positive) or went back (negative) for an order, in minor units."""

    __tablename__ = "payments"
    __table_args__ = (Index("ix_payments_order_id", "order_id"), UniqueConstraint("method", "external_reference"))

    order_id: Mapped[UUID] = mapped_column(Id, ForeignKey("orders.id"))
    method: Mapped[str]
    state: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    external_reference: Mapped[str | None]


class Shipment(Synced):
    """What left for the customer, with whom, and when it should arrive."""

    __tablename__ = "shipments"
    __table_args__ = (Index("ix_shipments_order_id", "order_id"),)

    order_id: Mapped[UUID] = mapped_column(Id, ForeignKey("orders.id"))
    carrier: Mapped[str]
    tracking_number: Mapped[str | None]
    expected_on: Mapped[date | None] = mapped_column(Date)
    shipped_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]


class TrackingEvent(Row):
    """What a carrier reported about a shipment."""

    __tablename__ = "tracking_events"
    __table_args__ = (Index("ix_tracking_events_shipment_id", "shipment_id"),)

    shipment_id: Mapped[UUID] = mapped_column(Id, ForeignKey("shipments.id"))
    at: Mapped[datetime]
    status: Mapped[str]
    detail: Mapped[str | None]


class Return(Synced):
    """Goods coming back for a reason."""

    __tablename__ = "returns"
    __table_args__ = (Index("ix_returns_order_id", "order_id"),)

    order_id: Mapped[UUID] = mapped_column(Id, ForeignKey("orders.id"))
    reason: Mapped[str]
    state: Mapped[str]
    detail: Mapped[str | None]


class NumberSeries(Base):
    """The next human number of a series; taken inside the transaction that uses it, so the series has no holes."""

    __tablename__ = "number_series"

    name: Mapped[str] = mapped_column(primary_key=True)
    next_number: Mapped[int]


class ImportRun(Row):
    """One import of one file: how far it came, so that a killed run resumes. `done` counts lines already decided."""

    __tablename__ = "import_runs"
    __table_args__ = (UniqueConstraint("kind", "fingerprint"),)

    kind: Mapped[str]
    fingerprint: Mapped[str]
    file_name: Mapped[str]
    done: Mapped[int] = mapped_column(default=0)
    state: Mapped[str]
    result: Mapped[dict[str, Any]] = mapped_column(default=dict)
    finished_at: Mapped[datetime | None]
