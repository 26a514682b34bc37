"""Bulk changes, and how each row of one ended."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Base, Id, Row, one_of


class ChangeState(StrEnum):
    """How far a bulk change is."""

    COUNTED = "counted"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class BulkChange(Row):
    """The same change of every row that a filter finds. `after_id` is the last row that was decided."""

    __tablename__ = "bulk_changes"
    __table_args__ = (one_of("state", ChangeState), Index("ix_bulk_changes_state_id", "state", "id"))

    rev: Mapped[int] = mapped_column(default=1)
    resource: Mapped[str]
    filter: Mapped[dict[str, Any]]
    changes: Mapped[dict[str, Any]]
    actor: Mapped[str]
    user_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(default=ChangeState.COUNTED.value)
    matching: Mapped[int]
    done: Mapped[int] = mapped_column(default=0)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    after_id: Mapped[UUID | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    __mapper_args__ = {"version_id_col": rev}


class BulkChangeRow(Base):
    """How one row of a bulk change ended."""

    __tablename__ = "bulk_change_rows"

    bulk_change_id: Mapped[UUID] = mapped_column(Id, ForeignKey("bulk_changes.id"), primary_key=True)
    subject_id: Mapped[UUID] = mapped_column(Id, primary_key=True)
    outcome: Mapped[str]
    code: Mapped[str]
    detail: Mapped[str]
