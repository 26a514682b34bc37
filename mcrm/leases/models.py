"""Stock leases."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Synced, one_of


class LeaseState(StrEnum):
    """Pieces are kept; or none are any more: the last were sold, given back, or taken back when the time was over."""

    HELD = "held"
    SOLD = "sold"
    RETURNED = "returned"
    EXPIRED = "expired"


HELD = text("state = 'held'")


class StockLease(Synced):
    """Pieces of one stock item kept for one of the staff until `expires_at`.

    Of `quantity` so many were `sold` and so many `given_back`; the rest is left, and as long as it is, the stock item
    counts it as reserved. A lease with nothing left is over. Product and location are those of the stock item.
    """

    __tablename__ = "stock_leases"
    __table_args__ = (
        one_of("state", LeaseState),
        CheckConstraint("quantity > 0", name="quantity"),
        CheckConstraint("sold >= 0 AND given_back >= 0 AND sold + given_back <= quantity", name="pieces"),
        CheckConstraint("(state = 'held') = (sold + given_back < quantity)", name="over"),
        Index("ix_stock_leases_rep_id_id", "rep_id", "id"),
        Index("ix_stock_leases_held", "expires_at", sqlite_where=HELD, postgresql_where=HELD),
        Index("ix_stock_leases_stock_item_id", "stock_item_id"),
    )

    rep_id: Mapped[UUID] = mapped_column(Id, ForeignKey("users.id"))
    stock_item_id: Mapped[UUID] = mapped_column(Id, ForeignKey("stock_items.id"))
    product_id: Mapped[UUID] = mapped_column(Id, ForeignKey("products.id"))
    location: Mapped[str]
    quantity: Mapped[int]
    sold: Mapped[int] = mapped_column(default=0)
    given_back: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default=LeaseState.HELD.value)

    @property
    def left(self) -> int:
        """How many pieces are still kept."""
        return self.quantity - self.sold - self.given_back
