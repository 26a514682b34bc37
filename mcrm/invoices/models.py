"""Invoices and credit notes, with their lines: a snapshot of the moment of issue that triggers keep as it is."""

from datetime import date
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Base, Id, Row, one_of

IS_INVOICE = text("kind = 'invoice'")


class InvoiceKind(StrEnum):
    """What the customer owes, or what is taken off it."""

    INVOICE = "invoice"
    CREDIT_NOTE = "credit_note"


class Invoice(Row):
    """An issued document; amounts in minor units and never below zero, also those of a credit note.

    `created_at` is the instant of issue, `issued_on` its day where the business is. `seller` and `buyer` are what they
    were called then; `taxes` is a list of `{basis_points, net, tax}`, one per rate. `credits_id` is the invoice that a
    credit note credits, None for the one of a credit order.
    """

    __tablename__ = "invoices"
    __table_args__ = (
        one_of("kind", InvoiceKind),
        CheckConstraint("net + tax = total", name="total"),
        Index("ix_invoices_order_id", "order_id"),
        Index("ix_invoices_credits_id", "credits_id"),
        Index("ix_invoices_issued_on", "issued_on"),
        Index(
            "uq_invoices_one_an_order",
            "order_id",
            unique=True,
            sqlite_where=IS_INVOICE,
            postgresql_where=IS_INVOICE,
        ),
    )

    kind: Mapped[str]
    number: Mapped[str] = mapped_column(unique=True)
    order_id: Mapped[UUID] = mapped_column(Id, ForeignKey("orders.id"))
    order_number: Mapped[str]
    credits_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("invoices.id"))
    credits_number: Mapped[str | None]
    refund_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("refunds.id"))
    return_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("returns.id"))
    issued_on: Mapped[date] = mapped_column(Date)
    currency: Mapped[str]
    seller: Mapped[dict[str, Any]]
    buyer: Mapped[dict[str, Any]]
    net: Mapped[int]
    tax: Mapped[int]
    total: Mapped[int]
    taxes: Mapped[list[Any]]
    reason: Mapped[str | None]


class InvoiceLine(Base):
    """One line of a document. `order_line_id` is None for a credit that names an amount and no goods."""

    __tablename__ = "invoice_lines"

    invoice_id: Mapped[UUID] = mapped_column(Id, ForeignKey("invoices.id"), primary_key=True)
    line_number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    order_line_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("order_lines.id"))
    description: Mapped[str]
    quantity: Mapped[int]
    unit_price: Mapped[int]
    discount_basis_points: Mapped[int]
    includes_tax: Mapped[bool]
    net: Mapped[int]
    tax: Mapped[int]
    total: Mapped[int]
    tax_basis_points: Mapped[int]
