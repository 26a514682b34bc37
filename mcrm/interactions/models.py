"""The log's tables. None of them carries a foreign key: with one, the bump of the position deadlocks."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Integer, LargeBinary, SmallInteger, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from mcrm import clock
from mcrm.db import Base

POSITIONS_PER_EPOCH = 2**40
# Queries say them word for word: SQLite does not match a partial index with parameters.
COUNTED = text("kind IN ('account.created', 'order.placed')")
ABOUT_LEADS = text("subject_type = 'lead'")
OF_STRANGERS = text("contact_id IS NULL AND contact_point_id IS NOT NULL")


class LogHead(Base):
    """The one row that orders all changes: bumped as the last statement before each COMMIT.

    `epoch` grows with every restore from a backup, so that a cursor of before is never mistaken for one of after.
    """

    __tablename__ = "log_head"
    __table_args__ = (CheckConstraint("id = 1", name="single"), {"postgresql_with": {"fillfactor": 10}})

    id: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    epoch: Mapped[int] = mapped_column(Integer, default=1)
    position: Mapped[int] = mapped_column(default=0)


class WakeUp(Base):
    """How often a topic was announced; SQLite's way to tell other processes what a commit is about.

    Written in the announcing transaction, so that no ring is lost. PostgreSQL has NOTIFY instead.
    """

    __tablename__ = "wake_ups"

    topic: Mapped[str] = mapped_column(primary_key=True)
    rings: Mapped[int] = mapped_column(BigInteger, default=1)


class Interaction(Base):
    """One fact. Append-only (a trigger holds that); erasure blanks payload and salt, the digest stays.

    `at` is when it happened (device time for offline work), `position` when it was committed relative to all else.
    `payload` is canonical JSON text; `digest` = SHA-256(salt + payload).
    """

    __tablename__ = "interactions"
    __table_args__ = (
        Index("ix_interactions_contact_id_position", "contact_id", "position"),
        Index("ix_interactions_account_id_position", "account_id", "position"),
        Index(
            "ix_interactions_strangers",
            "contact_point_id",
            "position",
            sqlite_where=OF_STRANGERS,
            postgresql_where=OF_STRANGERS,
        ),
        Index("ix_interactions_counted", "actor", "kind", "at", sqlite_where=COUNTED, postgresql_where=COUNTED),
        Index(
            "ix_interactions_leads",
            "subject_id",
            "position",
            sqlite_where=ABOUT_LEADS,
            postgresql_where=ABOUT_LEADS,
        ),
    )

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    id: Mapped[UUID] = mapped_column(unique=True)
    at: Mapped[datetime] = mapped_column(default=clock.now)
    kind: Mapped[str]
    actor: Mapped[str]
    channel: Mapped[str]
    direction: Mapped[str | None]
    contact_id: Mapped[UUID | None]
    account_id: Mapped[UUID | None]
    contact_point_id: Mapped[UUID | None]
    subject_type: Mapped[str | None]
    subject_id: Mapped[UUID | None]
    payload: Mapped[str] = mapped_column(Text)
    salt: Mapped[bytes] = mapped_column(LargeBinary)
    digest: Mapped[bytes] = mapped_column(LargeBinary)

    def __repr__(self) -> str:
        """Without the payload: log lines carry no personal words."""
        return f"<{self.position} {self.kind} by {self.actor}>"


class Change(Base):
    """One changed row of a recorded table: the newest truth about it at that position.

    `territory_id` is where the row lies; a `delete` tells the devices of that territory to drop it. `rev` and `fields`
    (comma-separated names, None for all) say what changed, for merging; `origin` is the sign-in whose device pushed it.
    """

    __tablename__ = "changes"
    __table_args__ = (
        Index("ix_changes_table_name_row_id_position", "table_name", "row_id", "position"),
        Index("ix_changes_territory_id_position", "territory_id", "position"),
        CheckConstraint("op IN ('upsert', 'delete')", name="op"),
    )

    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    table_name: Mapped[str]
    row_id: Mapped[UUID]
    op: Mapped[str]
    territory_id: Mapped[UUID | None]
    rev: Mapped[int | None]
    fields: Mapped[str | None]
    origin: Mapped[UUID | None]


INTERACTION_COLUMNS: tuple[str, ...] = tuple(
    column.name for column in Interaction.__table__.columns if column.name != "position"
)
