"""Messages that the bots did not understand."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Row, one_of


class Why(StrEnum):
    """Nobody could tell, or the customer was asked which of two things it is."""

    UNKNOWN = "unknown"
    ASKED = "asked"


class UnknownMessage(Row):
    """A message to learn from, and the intent that a person gave it. The text stays with the message alone.

    So erasing the message takes it out of all later training.
    """

    __tablename__ = "unknown_messages"
    __table_args__ = (one_of("why", Why), Index("ix_unknown_messages_label_id", "label", "id"))

    message_id: Mapped[UUID] = mapped_column(Id, ForeignKey("messages.id"), unique=True)
    why: Mapped[str]
    language: Mapped[str]
    label: Mapped[str | None]
    labelled_by: Mapped[UUID | None] = mapped_column(Id, ForeignKey("users.id"))
    labelled_at: Mapped[datetime | None]
