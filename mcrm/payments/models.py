"""Payments and refunds. An authorised payment is a promise; only a captured one is money."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Row, one_of


class Method(StrEnum):
    """How money changes hands."""

    CASH = "cash"
    CARD = "card"
    TRANSFER = "transfer"


class PaymentState(StrEnum):
    """Promised, arrived, or let go."""

    AUTHORISED = "authorised"
    CAPTURED = "captured"
    VOIDED = "voided"


class TakenAs(StrEnum):
    """How a payment begins; it is let go later, if at all."""

    AUTHORISED = "authorised"
    CAPTURED = "captured"


class Payment(Row):
    """Money for an order, in minor units of its currency. The reference is the carrier's of money, one per method."""

    __tablename__ = "payments"
    __table_args__ = (
        one_of("method", Method),
        one_of("state", PaymentState),
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_payments_order_id", "order_id"),
        UniqueConstraint("method", "external_reference"),
    )

    order_id: Mapped[UUID] = mapped_column(Id, ForeignKey("orders.id"))
    method: Mapped[str]
    state: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    external_reference: Mapped[str | None]
    captured_at: Mapped[datetime | None]
    voided_at: Mapped[datetime | None]


class Refund(Row):
    """Money given back for an order, perhaps because goods came back."""

    __tablename__ = "refunds"
    __table_args__ = (
        one_of("method", Method),
        CheckConstraint("amount > 0", name="amount"),
        Index("ix_refunds_order_id", "order_id"),
        UniqueConstraint("method", "external_reference"),
    )

    order_id: Mapped[UUID] = mapped_column(Id, ForeignKey("orders.id"))
    return_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("returns.id"))
    method: Mapped[str]
    amount: Mapped[int]
    currency: Mapped[str]
    external_reference: Mapped[str | None]
    reason: Mapped[str | None]
