"""Imports with their files the verdict on every row, and saved mappings."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Base, Id, Row, one_of


class ImportState(StrEnum):
    """How far an import is. `finished` may be run again (after a dry run) or taken back."""

    READY = "ready"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"
    FAILED = "failed"
    UNDOING = "undoing"
    UNDONE = "undone"


class Outcome(StrEnum):
    """How one row ended."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    REJECTED = "rejected"


UNDER_WAY = (ImportState.RUNNING.value, ImportState.UNDOING.value)


class Import(Row):
    """One file and what became of it. `done` counts the rows that are decided, so that a killed run resumes.

    `run` counts the runs: a dry run and the real one each have their rows. `actor` is how the log names who started
    it, `user_id` the user whose present rights apply to every window; without one it is the command line's.
    `counts` holds rows by outcome, and after an undo the rows by what became of them.
    """

    __tablename__ = "imports"
    __table_args__ = (one_of("state", ImportState), Index("ix_imports_state_id", "state", "id"))

    rev: Mapped[int] = mapped_column(default=1)
    resource: Mapped[str]
    file_name: Mapped[str]
    format: Mapped[str]
    encoding: Mapped[str]
    delimiter: Mapped[str]
    decimal: Mapped[str]
    region: Mapped[str]
    size: Mapped[int]
    fingerprint: Mapped[str]
    header: Mapped[list[Any]]
    sample: Mapped[list[Any]]
    mapping: Mapped[dict[str, Any]]
    mode: Mapped[str]
    match: Mapped[str]
    is_dry_run: Mapped[bool] = mapped_column(default=False)
    actor: Mapped[str]
    user_id: Mapped[UUID | None]
    state: Mapped[str] = mapped_column(default=ImportState.READY.value)
    run: Mapped[int] = mapped_column(default=0)
    rows: Mapped[int | None]
    done: Mapped[int] = mapped_column(default=0)
    counts: Mapped[dict[str, Any]] = mapped_column(default=dict)
    failure: Mapped[str | None]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    __mapper_args__ = {"version_id_col": rev}


class ImportPart(Base):
    """A piece of an uploaded file, deflated: whichever process runs the import finds it here."""

    __tablename__ = "import_parts"

    import_id: Mapped[UUID] = mapped_column(Id, ForeignKey("imports.id"), primary_key=True)
    part: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[bytes] = mapped_column(LargeBinary)


class ImportRow(Base):
    """The verdict on one row of a file in one run; `undo` says what taking it back needs, `undone` how that ended."""

    __tablename__ = "import_rows"
    __table_args__ = (one_of("outcome", Outcome),)

    import_id: Mapped[UUID] = mapped_column(Id, ForeignKey("imports.id"), primary_key=True)
    run: Mapped[int] = mapped_column(primary_key=True)
    row: Mapped[int] = mapped_column(primary_key=True)
    outcome: Mapped[str]
    code: Mapped[str]
    field: Mapped[str]
    detail: Mapped[str]
    subject_id: Mapped[UUID | None]
    undo: Mapped[dict[str, Any] | None]
    undone: Mapped[str | None]


class ImportMapping(Row):
    """A mapping of columns to fields kept under a name; `owner` is whoever saved it first, as the log names actors."""

    __tablename__ = "import_mappings"
    __table_args__ = (UniqueConstraint("resource", "name"),)

    resource: Mapped[str]
    name: Mapped[str]
    mapping: Mapped[dict[str, Any]]
    owner: Mapped[str | None]
