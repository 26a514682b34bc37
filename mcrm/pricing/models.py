"""How much discount a role may give."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mcrm import clock
from mcrm.db import Row


class DiscountLimit(Row):
    """The most that a role may take off a line, in basis points; a role without a row has its default."""

    __tablename__ = "discount_limits"
    __table_args__ = (CheckConstraint("basis_points BETWEEN 0 AND 10000", name="basis_points"),)

    role: Mapped[str] = mapped_column(unique=True)
    basis_points: Mapped[int]
    rev: Mapped[int] = mapped_column(default=1)
    updated_at: Mapped[datetime] = mapped_column(default=clock.now, onupdate=clock.now)

    __mapper_args__ = {"version_id_col": rev}
