"""What the server remembers of devices: their last edits, what was decided against them, where to wake them."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, SmallInteger, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from mcrm import clock
from mcrm.db import Base, Id, Row, one_of


class Edit(Base):
    """What a device pushed last of a row, as keyed digests of its values: sent again, it changes nothing.

    `device` is user and device; `base_rev` the revision that the device had, 0 for a row it made.
    """

    __tablename__ = "sync_edits"
    __table_args__ = (Index("ix_sync_edits_at", "at"),)

    device: Mapped[str] = mapped_column(primary_key=True)
    table_name: Mapped[str] = mapped_column(primary_key=True)
    row_id: Mapped[UUID] = mapped_column(primary_key=True)
    base_rev: Mapped[int]
    digests: Mapped[dict[str, Any]]
    at: Mapped[datetime] = mapped_column(default=clock.now)


class ConflictKind(StrEnum):
    """Two changed the same field; the row was gone (deleted, or moved away) when the edit came; an order costs
    something else than the device showed; an order was refused.
    """

    FIELD = "field"
    DELETED = "deleted"
    MOVED = "moved"
    PRICE = "price"
    REFUSED = "refused"


class ConflictState(StrEnum):
    """Whether somebody has looked at it and decided."""

    OPEN = "open"
    SETTLED = "settled"


class Choice(StrEnum):
    """Whose value shall stand: that of the device, the server's, or both texts where they were joined."""

    MINE = "mine"
    THEIRS = "theirs"
    BOTH = "both"


class Applied(StrEnum):
    """What stands now: the device's value, what was there, both, or nothing of the edit."""

    MINE = "mine"
    THEIRS = "theirs"
    BOTH = "both"
    NOTHING = "nothing"


class Conflict(Row):
    """An edit of a device that met another one: nothing of either is lost before somebody has decided.

    `mine` is what the device sent, `theirs` what stood there, by column. `fingerprint` makes a replay change nothing.
    `contact_id` and `account_id` are those that it concerns, kept here because the row may never have been, or may go.
    """

    __tablename__ = "sync_conflicts"
    __table_args__ = (
        one_of("kind", ConflictKind),
        one_of("state", ConflictState),
        Index("ix_sync_conflicts_user_id_id", "user_id", "id"),
        Index("ix_sync_conflicts_contact_id", "contact_id"),
        Index("ix_sync_conflicts_account_id", "account_id"),
    )

    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("users.id"))
    device_id: Mapped[str | None]
    table_name: Mapped[str]
    row_id: Mapped[UUID]
    contact_id: Mapped[UUID | None]
    account_id: Mapped[UUID | None]
    kind: Mapped[str]
    fingerprint: Mapped[str] = mapped_column(unique=True)
    base_rev: Mapped[int | None]
    mine: Mapped[dict[str, Any]]
    theirs: Mapped[dict[str, Any]]
    applied: Mapped[str]
    state: Mapped[str] = mapped_column(default=ConflictState.OPEN.value)
    choice: Mapped[str | None]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[str | None]


class Floor(Base):
    """The one row that says from which position on changes are complete, and up to where devices have been woken."""

    __tablename__ = "sync_floors"

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    floor: Mapped[int] = mapped_column(default=0)
    tickled: Mapped[int] = mapped_column(default=0)


class SyncDevice(Row):
    """A user's device: since which position it has been syncing, and where to wake it when there is something new.

    Grants and roles of before `started` are no news: they stood already when its first sync began. `heard_at` is when
    it was in touch last, give or take some minutes, `silent_since` when it had been before its last silence.
    `wrote_first`: it pushed before it ever pulled, so it holds rows that no cursor of its own stands for.
    """

    __tablename__ = "sync_devices"
    __table_args__ = (UniqueConstraint("user_id", "device_id"),)

    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("users.id"))
    device_id: Mapped[str]
    started: Mapped[int] = mapped_column(default=0)
    heard_at: Mapped[datetime | None]
    silent_since: Mapped[datetime | None]
    wrote_first: Mapped[bool] = mapped_column(default=False, server_default=false())
    contact_point_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("contact_points.id"))
