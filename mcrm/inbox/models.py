"""Hand-overs: stretches of a conversation that a person answers; who is there to answer, and their ready-made words."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Row, Versioned, one_of

GENERAL = "general"
# Queries say it word for word: SQLite does not match a partial index with parameters.
_GOING_ON = "{table}state IN ('waiting', 'taken')"
GOING_ON = text(_GOING_ON.format(table="handovers."))
_INDEXED = text(_GOING_ON.format(table=""))


class HandoverState(StrEnum):
    """Waiting in a queue, taken by an agent, settled, or given back to the bot before it was."""

    WAITING = "waiting"
    TAKEN = "taken"
    RESOLVED = "resolved"
    RETURNED = "returned"


class Ending(StrEnum):
    """Who or what ended it."""

    AGENT = "agent"
    CUSTOMER = "customer"
    IDLE = "idle"


class Handover(Versioned):
    """One stretch of a conversation during which a person answers and the bot is silent.

    `contact_point_id` is the address of the customer's last message, on `channel`: answers go there. `summary` has
    three lines: who, which order, what was asked and tried. Due times count business hours; `first_response_s` and
    `resolution_s` are seconds of business time. `awaits_reply`: the customer wrote last. `rating` is 1 to 5, asked
    for once.
    """

    __tablename__ = "handovers"
    __table_args__ = (
        one_of("state", HandoverState),
        CheckConstraint("ended_by IN ('agent', 'customer', 'idle')", name="ended_by"),
        CheckConstraint("rating BETWEEN 1 AND 5", name="rating"),
        CheckConstraint("state <> 'taken' OR agent_id IS NOT NULL", name="taken_by_somebody"),
        Index(
            "uq_handovers_going_on", "conversation_id", unique=True, sqlite_where=_INDEXED, postgresql_where=_INDEXED
        ),
        Index("ix_handovers_open", "state", "queue", "id", sqlite_where=_INDEXED, postgresql_where=_INDEXED),
        Index("ix_handovers_agent_id_id", "agent_id", "id"),
        Index("ix_handovers_contact_id", "contact_id"),
    )

    conversation_id: Mapped[UUID] = mapped_column(Id, ForeignKey("conversations.id"), index=True)
    contact_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("contacts.id"))
    contact_point_id: Mapped[UUID] = mapped_column(Id, ForeignKey("contact_points.id"))
    channel: Mapped[str]
    state: Mapped[str] = mapped_column(default=HandoverState.WAITING.value)
    queue: Mapped[str] = mapped_column(default=GENERAL)
    reason: Mapped[str]
    summary: Mapped[str]
    agent_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("users.id"))
    awaits_reply: Mapped[bool] = mapped_column(default=True)
    last_message_at: Mapped[datetime]
    first_response_due_at: Mapped[datetime]
    first_responded_at: Mapped[datetime | None]
    first_response_s: Mapped[int | None]
    resolution_due_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str | None]
    resolution_s: Mapped[int | None]
    rating: Mapped[int | None] = mapped_column(SmallInteger)
    rating_asked_at: Mapped[datetime | None]

    @property
    def goes_on(self) -> bool:
        """Whether the bot is silent because of it."""
        return self.state in (HandoverState.WAITING, HandoverState.TAKEN)


class AgentPresence(Row):
    """Whether an agent is there to be given conversations: until `until`, which every heartbeat moves on."""

    __tablename__ = "agent_presences"

    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("users.id"), unique=True)
    until: Mapped[datetime]


class CannedReply(Versioned):
    """Words that agents need often, in one language; `{customer}` and other variables are filled when they are used."""

    __tablename__ = "canned_replies"
    __table_args__ = (UniqueConstraint("name", "locale"),)

    name: Mapped[str]
    locale: Mapped[str]
    body: Mapped[str]
