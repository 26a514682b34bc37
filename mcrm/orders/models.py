"""Orders, their lines, and what hangs on them: shipments, tracking, number series, imports."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, UniqueConstraint, text, true
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


IS_CREDIT, UNCONFIRMED = text("kind = 'credit'"), text("status = 'new'")


def _total(context: Any) -> int:
    """What nobody taxed: its net is its total."""
    total: int = context.get_current_parameters()["total"]
    return total


class Order(Synced):
    """A sale or a credit; the `reference` of a credit is the number of the order it credits.

    `number_key` is the number in upper case without spaces, dashes and `#`, for looking up. `total` is what the
    customer pays: `net_total` and `tax_total` together. `shown_total` is what a device without a network showed for it.
    """

    __tablename__ = "orders"
    __within__ = ("account_id", "accounts")
    __table_args__ = (
        one_of("kind", OrderKind),
        one_of("status", OrderStatus),
        one_of("payment_status", PaymentStatus),
        Index("ix_orders_contact_id_id", "contact_id", "id"),
        Index("ix_orders_account_id_id", "account_id", "id"),
        Index("ix_orders_number_key", "number_key"),
        Index("ix_orders_placed_at_id", "placed_at", "id"),
        Index("ix_orders_credits", "reference", sqlite_where=IS_CREDIT, postgresql_where=IS_CREDIT),
        Index("ix_orders_unconfirmed", "placed_at", sqlite_where=UNCONFIRMED, postgresql_where=UNCONFIRMED),
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
    net_total: Mapped[int] = mapped_column(default=_total, server_default="0")
    tax_total: Mapped[int] = mapped_column(default=0, server_default="0")
    placed_at: Mapped[datetime]
    expected_on: Mapped[date | None] = mapped_column(Date)
    source: Mapped[str | None]
    reference: Mapped[str | None]
    shown_total: Mapped[int | None]
    custom: Mapped[dict[str, Any]] = mapped_column(default=dict)

    lines: Mapped[list["OrderLine"]] = relationship(lazy="raise", order_by="OrderLine.line_number", viewonly=True)


class OrderLine(Synced):
    """One line; prices in minor units of the order's currency. `product_id` may be None for imported oddities.

    `quantity` is what was ordered; of it so many were shipped, so many cancelled, and the rest is open. `unit_price` is
    before the discount, and holds the tax where `includes_tax`; `total` = `net` + `tax` is the price of what was not
    cancelled. The rules are those of `pricing.rules`, with the rates of the moment of placing. `lease_id` is the stock
    lease that the line was sold from.
    """

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
    lease_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("stock_leases.id"))
    description: Mapped[str]
    quantity: Mapped[int]
    unit_price: Mapped[int]
    includes_tax: Mapped[bool] = mapped_column(default=True, server_default=true())
    discount_basis_points: Mapped[int] = mapped_column(default=0, server_default="0")
    tax_basis_points: Mapped[int] = mapped_column(default=0, server_default="0")
    net: Mapped[int] = mapped_column(default=_total, server_default="0")
    tax: Mapped[int] = mapped_column(default=0, server_default="0")
    total: Mapped[int]
    shipped_quantity: Mapped[int] = mapped_column(default=0, server_default=text("0"))
    cancelled_quantity: Mapped[int] = mapped_column(default=0, server_default=text("0"))

    @property
    def live_quantity(self) -> int:
        """What was ordered and not cancelled."""
        return self.quantity - self.cancelled_quantity

    @property
    def open_quantity(self) -> int:
        """What has still to leave."""
        return max(self.live_quantity - self.shipped_quantity, 0)


class Shipment(Synced):
    """What left for the customer, with whom, when it should arrive; `tracking_status` is the carrier's last word."""

    __tablename__ = "shipments"
    __table_args__ = (
        Index("ix_shipments_order_id", "order_id"),
        Index("ix_shipments_tracking_number", "tracking_number"),
    )

    order_id: Mapped[UUID] = mapped_column(Id, ForeignKey("orders.id"))
    carrier: Mapped[str]
    tracking_number: Mapped[str | None]
    expected_on: Mapped[date | None] = mapped_column(Date)
    shipped_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    tracking_status: Mapped[str | None]


class ShipmentLine(Row):
    """So many pieces of an order line in a shipment."""

    __tablename__ = "shipment_lines"
    __table_args__ = (
        UniqueConstraint("shipment_id", "order_line_id"),
        CheckConstraint("quantity > 0", name="quantity"),
        Index("ix_shipment_lines_order_line_id", "order_line_id"),
    )

    shipment_id: Mapped[UUID] = mapped_column(Id, ForeignKey("shipments.id"))
    order_line_id: Mapped[UUID] = mapped_column(Id, ForeignKey("order_lines.id"))
    quantity: Mapped[int]


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
