"""How much discount a role may give."""

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Synced


class DiscountLimit(Synced):
    """The most that a role may take off a line, in basis points; a role without a row has its default."""

    __tablename__ = "discount_limits"
    __table_args__ = (CheckConstraint("basis_points BETWEEN 0 AND 10000", name="basis_points"),)

    role: Mapped[str] = mapped_column(unique=True)
    basis_points: Mapped[int]
