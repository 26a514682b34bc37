"""Cases: a complaint, a refund, a call for a human; somebody owns it and it is due at a time."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Synced, one_of


class CaseState(StrEnum):
    """Waiting for us, or settled."""

    OPEN = "open"
    CLOSED = "closed"


class Case(Synced):
    """What takes longer than a reply."""

    __tablename__ = "cases"
    __table_args__ = (one_of("state", CaseState), Index("ix_cases_contact_id", "contact_id"))

    number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default=CaseState.OPEN.value)
    contact_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("contacts.id"))
    contact_point_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("contact_points.id"))
    order_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("orders.id"))
    owner_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("users.id"))
    summary: Mapped[str]
    due_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
