"""Copies of people's data with their files, and the requests to be forgotten."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Base, Id, Row, one_of

UNDER_WAY = text("state IN ('pending', 'erasing')")


class CopyState(StrEnum):
    """Asked for, ready to be fetched, or over: its file is gone."""

    ASKED = "asked"
    READY = "ready"
    OVER = "over"


class DataCopy(Row):
    """One copy of what we hold of a person. `contact_point_id` is the chat or number that it was asked from, if any.

    `claimed_until`: a worker is putting it together and has so long for it; another one takes over then. `size` is
    that of the file in bytes, `fetched_at` when it was fetched last.
    """

    __tablename__ = "data_copies"
    __table_args__ = (
        one_of("state", CopyState),
        Index("ix_data_copies_contact_id_id", "contact_id", "id"),
        Index("ix_data_copies_state_id", "state", "id"),
    )

    contact_id: Mapped[UUID] = mapped_column(Id, ForeignKey("contacts.id"))
    contact_point_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("contact_points.id"))
    state: Mapped[str] = mapped_column(default=CopyState.ASKED.value)
    claimed_until: Mapped[datetime | None]
    ready_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]
    size: Mapped[int | None]


class DataCopyPart(Base):
    """A piece of a copy's file, sealed: a stolen table shows nothing."""

    __tablename__ = "data_copy_parts"

    copy_id: Mapped[UUID] = mapped_column(Id, ForeignKey("data_copies.id"), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ErasureState(StrEnum):
    """Waiting for its day, being done, done, or taken back in time."""

    PENDING = "pending"
    ERASING = "erasing"
    DONE = "done"
    TAKEN_BACK = "taken_back"


class Erasure(Row):
    """A person's wish to be forgotten: ids and times alone, so that it may stay as the proof.

    `due_at` is the end of the grace; `look_at` when it is looked at next, which is later while `waits_for` names what
    has to be settled first. `scope` are the ids that were this person when the erasing began, by kind; `stage` is how
    far it got, `report` what became of each kind of data.
    """

    __tablename__ = "erasures"
    __table_args__ = (
        one_of("state", ErasureState),
        Index("uq_erasures_under_way", "contact_id", unique=True, sqlite_where=UNDER_WAY, postgresql_where=UNDER_WAY),
        Index("ix_erasures_due", "look_at", sqlite_where=UNDER_WAY, postgresql_where=UNDER_WAY),
        Index("ix_erasures_contact_id_id", "contact_id", "id"),
    )

    contact_id: Mapped[UUID] = mapped_column(Id, ForeignKey("contacts.id"))
    state: Mapped[str] = mapped_column(default=ErasureState.PENDING.value)
    asked_by: Mapped[str]
    due_at: Mapped[datetime]
    look_at: Mapped[datetime]
    waits_for: Mapped[list[Any]] = mapped_column(default=list)
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    scope: Mapped[dict[str, Any]] = mapped_column(default=dict)
    stage: Mapped[int] = mapped_column(SmallInteger, default=0)
    report: Mapped[list[Any]] = mapped_column(default=list)
