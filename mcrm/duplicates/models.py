"""What the staff decided about pairs that look alike."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Row


class DuplicateDismissal(Row):
    """These two are different people, however alike they look; `one_id` is the smaller id."""

    __tablename__ = "duplicate_dismissals"
    __table_args__ = (UniqueConstraint("one_id", "other_id"), Index("ix_duplicate_dismissals_other_id", "other_id"))

    one_id: Mapped[UUID] = mapped_column(Id, ForeignKey("contacts.id"))
    other_id: Mapped[UUID] = mapped_column(Id, ForeignKey("contacts.id"))
    dismissed_by: Mapped[str]
