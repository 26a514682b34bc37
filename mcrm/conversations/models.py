"""Messages that came in, and where each conversation stands."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Row, one_of


class Owner(StrEnum):
    """Who answers: the bot or a human, never both."""

    BOT = "bot"
    HUMAN = "human"


class Message(Row):
    """One message of a customer, stored before anything else is done; a duplicate ends at the unique constraint."""

    __tablename__ = "messages"
    __table_args__ = (
        UniqueConstraint("channel", "direction", "provider_id"),
        Index("ix_messages_contact_id_id", "contact_id", "id"),
        Index("ix_messages_contact_point_id_id", "contact_point_id", "id"),
    )

    channel: Mapped[str]
    direction: Mapped[str]
    provider_id: Mapped[str]
    contact_point_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("contact_points.id"))
    contact_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("contacts.id"))
    kind: Mapped[str]
    text: Mapped[str | None]
    sent_at: Mapped[datetime | None]
    understood: Mapped[dict[str, Any]] = mapped_column(default=dict)
    error: Mapped[str | None]


class Conversation(Row):
    """Where the dialogue with one contact (or one unknown address) stands. `version` guards against lost turns.

    `read_position` is the position of the last message that the customer has seen in the app.
    """

    __tablename__ = "conversations"
    __table_args__ = (
        one_of("owner", Owner),
        Index(
            "uq_conversations_contact_id",
            "contact_id",
            unique=True,
            sqlite_where=text("contact_id IS NOT NULL"),
            postgresql_where=text("contact_id IS NOT NULL"),
        ),
        Index(
            "uq_conversations_contact_point_id",
            "contact_point_id",
            unique=True,
            sqlite_where=text("contact_id IS NULL"),
            postgresql_where=text("contact_id IS NULL"),
        ),
    )

    contact_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("contacts.id"))
    contact_point_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("contact_points.id"))
    owner: Mapped[str] = mapped_column(default=Owner.BOT.value)
    flow: Mapped[str | None]
    asked: Mapped[str | None]
    slots: Mapped[dict[str, Any]] = mapped_column(default=dict)
    stack: Mapped[list[Any]] = mapped_column(default=list)
    locale: Mapped[str | None]
    failures: Mapped[int] = mapped_column(default=0)
    misses: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    verified_until: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    last_message_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    read_position: Mapped[int | None]
