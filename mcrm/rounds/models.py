"""How often which accounts are visited."""

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Versioned


class VisitCadence(Versioned):
    """Accounts of a class are to be visited every so many days."""

    __tablename__ = "visit_cadences"
    __table_args__ = (CheckConstraint("every_days > 0", name="every_days"),)

    account_class: Mapped[str] = mapped_column(unique=True)
    every_days: Mapped[int]
