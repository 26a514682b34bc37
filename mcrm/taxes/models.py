"""Tax rates."""

from datetime import datetime

from sqlalchemy import CheckConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped

from mcrm.db import Synced


class TaxRate(Synced):
    """What a tax code means since an instant: a name, and basis points of the net (2000 are 20 %)."""

    __tablename__ = "tax_rates"
    __table_args__ = (
        UniqueConstraint("code", "valid_from"),
        CheckConstraint("basis_points BETWEEN 0 AND 10000", name="basis_points"),
    )

    code: Mapped[str]
    name: Mapped[str]
    basis_points: Mapped[int]
    valid_from: Mapped[datetime]
