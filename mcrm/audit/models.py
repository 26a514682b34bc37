"""Who did what in the administration; the seals over the log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from mcrm import clock
from mcrm.db import Base, Row


class AuditEntry(Row):
    """One act of the administration: field names, never values of personal data."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_subject_id", "subject_id"),
        Index("ix_audit_entries_actor_id", "actor", "id"),
        Index("ix_audit_entries_action_id", "action", "id"),
    )

    actor: Mapped[str]
    action: Mapped[str]
    subject_type: Mapped[str | None]
    subject_id: Mapped[UUID | None]
    fields: Mapped[list[Any]] = mapped_column(default=list)
    request_id: Mapped[str | None]


class Seal(Base):
    """A chained digest over the log from one position to another; written by a periodic job."""

    __tablename__ = "seals"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    from_position: Mapped[int]
    to_position: Mapped[int]
    count: Mapped[int]
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    sealed_at: Mapped[datetime] = mapped_column(default=clock.now)
