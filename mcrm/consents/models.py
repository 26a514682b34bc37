"""What people allow, per channel and purpose with proof; and what they have stopped, which is stronger."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Row, Synced, one_of


class ConsentState(StrEnum):
    """Given or taken back; the absence of a row means that nobody asked."""

    GRANTED = "granted"
    WITHDRAWN = "withdrawn"


class Purpose:
    """The two purposes that always exist; a business adds others as plain text."""

    SERVICE = "service"
    MARKETING = "marketing"


class SuppressionReason(StrEnum):
    """Why an address is stopped. Carriers and customers lift their own; staff's stays."""

    STOP_WORD = "stop-word"
    CARRIER = "carrier"
    BLOCKED = "blocked"
    STAFF = "staff"


class Consent(Synced):
    """The present permission of one contact for one channel and purpose; its history is in the log."""

    __tablename__ = "consents"
    __table_args__ = (UniqueConstraint("contact_id", "channel", "purpose"), one_of("state", ConsentState))

    contact_id: Mapped[UUID] = mapped_column(Id, ForeignKey("contacts.id"))
    channel: Mapped[str]
    purpose: Mapped[str]
    state: Mapped[str]
    proof: Mapped[dict[str, Any]] = mapped_column(default=dict)
    decided_at: Mapped[datetime]


class Suppression(Row):
    """A stop on one address, stronger than any consent; `lifted_at` ends it, the row stays.

    Of somebody who was forgotten `address` is a digest (`marks.mark_of`): the stop is obeyed, nobody can read whose.
    """

    __tablename__ = "suppressions"
    __table_args__ = (
        one_of("reason", SuppressionReason),
        Index(
            "uq_suppressions_in_force",
            "channel",
            "address",
            "reason",
            unique=True,
            sqlite_where=text("lifted_at IS NULL"),
            postgresql_where=text("lifted_at IS NULL"),
        ),
    )

    channel: Mapped[str]
    address: Mapped[str]
    reason: Mapped[str]
    detail: Mapped[str | None]
    contact_point_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("contact_points.id"))
    lifted_at: Mapped[datetime | None]
