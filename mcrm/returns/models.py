"""Returns and their lines."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Row, Synced, one_of


class ReturnState(StrEnum):
    """Where a return stands; `returns/states.py` says which moves are legal."""

    REQUESTED = "requested"
    RECEIVED = "received"
    INSPECTED = "inspected"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class ReturnReason(StrEnum):
    """Why goods come back."""

    DAMAGED = "damaged"
    WRONG_ITEM = "wrong_item"
    NOT_AS_DESCRIBED = "not_as_described"
    CHANGED_MIND = "changed_mind"
    REFUSED = "refused"
    OTHER = "other"


class Verdict(StrEnum):
    """What becomes of goods that came back."""

    RESTOCK = "restock"
    SCRAP = "scrap"


class Return(Synced):
    """Goods coming back for a reason; `credit_order_id` is the credit that came of it."""

    __tablename__ = "returns"
    __table_args__ = (Index("ix_returns_order_id", "order_id"),)

    order_id: Mapped[UUID] = mapped_column(Id, ForeignKey("orders.id"))
    reason: Mapped[str]
    state: Mapped[str]
    detail: Mapped[str | None]
    credit_order_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("orders.id"))


class ReturnLine(Row):
    """So many pieces of an order line in a return; the verdict and what of them is refunded come at inspection."""

    __tablename__ = "return_lines"
    __table_args__ = (
        UniqueConstraint("return_id", "order_line_id"),
        one_of("verdict", Verdict),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("refundable_quantity BETWEEN 0 AND quantity", name="refundable_quantity"),
        Index("ix_return_lines_order_line_id", "order_line_id"),
    )

    return_id: Mapped[UUID] = mapped_column(Id, ForeignKey("returns.id"))
    order_line_id: Mapped[UUID] = mapped_column(Id, ForeignKey("order_lines.id"))
    quantity: Mapped[int]
    verdict: Mapped[str | None]
    refundable_quantity: Mapped[int | None]
