"""The outbox: every message to one address, from queued to read, and what the providers said about it."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Float, ForeignKey, Index, SmallInteger, text
from sqlalchemy.orm import Mapped, mapped_column

from mcrm import clock
from mcrm.db import Base, Id, Row, one_of
from mcrm.deliveries.outgoing import Operation


class DeliveryState(StrEnum):
    """queued → sending → accepted → delivered | read | failed; or suppressed, expired, unknown."""

    QUEUED = "queued"
    SENDING = "sending"
    ACCEPTED = "accepted"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    UNKNOWN = "unknown"


class Priority:
    """Smaller goes first: a code or an order's news never waits behind a broadcast."""

    TRANSACTIONAL = 0
    BULK = 10


# Queries say it word for word: SQLite does not match a partial index with parameters.
_IN_FLIGHT = "{table}state IN ('sending', 'unknown', 'accepted') AND {table}lease_until IS NOT NULL"
IN_FLIGHT = text(_IN_FLIGHT.format(table="deliveries."))


_UNDECIDED = "{table}state IN ('failed', 'unknown')"
UNDECIDED = text(_UNDECIDED.format(table="deliveries."))


class Delivery(Row):
    """One message to one contact point. The address is read from there at sending time, never copied.

    `not_before` is when it is due; `lease_token` fences a worker whose lease ran out; `lease_until` is when the lease
    ends, and once it left the queue, when somebody looks at it next; `attempts` lists `{"at", "outcome"}`; `reason`
    says why it was not sent or failed; `fallbacks` are the channels to try, in order, should this one turn out dead
    (its own among them: there may be another device); `dedupe_key` makes a second queueing of the same news
    impossible; `broadcast_id` is the message to many that it belongs to. `content` holds what is not the text: title,
    data, buttons, reference, edited delivery, collapse key, time to live.
    """

    __tablename__ = "deliveries"
    __table_args__ = (
        one_of("state", DeliveryState),
        one_of("operation", Operation),
        Index(
            "ix_deliveries_due",
            "channel",
            "priority",
            "not_before",
            "id",
            sqlite_where=text("state = 'queued'"),
            postgresql_where=text("state = 'queued'"),
        ),
        Index(
            "ix_deliveries_in_flight",
            "lease_until",
            sqlite_where=text(_IN_FLIGHT.format(table="")),
            postgresql_where=text(_IN_FLIGHT.format(table="")),
        ),
        Index(
            "ix_deliveries_undecided",
            "id",
            sqlite_where=text(_UNDECIDED.format(table="")),
            postgresql_where=text(_UNDECIDED.format(table="")),
        ),
        Index(
            "ix_deliveries_broadcast_id",
            "broadcast_id",
            sqlite_where=text("broadcast_id IS NOT NULL"),
            postgresql_where=text("broadcast_id IS NOT NULL"),
        ),
        Index("ix_deliveries_contact_id_id", "contact_id", "id"),
        Index("ix_deliveries_channel_provider_id", "channel", "provider_id"),
    )

    channel: Mapped[str]
    operation: Mapped[str] = mapped_column(default=Operation.SEND.value)
    purpose: Mapped[str]
    kind: Mapped[str]
    priority: Mapped[int] = mapped_column(SmallInteger, default=Priority.TRANSACTIONAL)
    contact_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("contacts.id"))
    contact_point_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("contact_points.id"))
    text: Mapped[str]
    content: Mapped[dict[str, Any]] = mapped_column(default=dict)
    state: Mapped[str] = mapped_column(default=DeliveryState.QUEUED.value)
    reason: Mapped[str | None]
    not_before: Mapped[datetime] = mapped_column(default=clock.now)
    expires_at: Mapped[datetime | None]
    attempts: Mapped[list[Any]] = mapped_column(default=list)
    tries: Mapped[int] = mapped_column(SmallInteger, default=0)
    lease_until: Mapped[datetime | None]
    lease_token: Mapped[str | None]
    fallbacks: Mapped[list[Any]] = mapped_column(default=list)
    reply_to_id: Mapped[UUID | None]
    broadcast_id: Mapped[UUID | None] = mapped_column(Id)
    provider_id: Mapped[str | None]
    provider_rank: Mapped[int] = mapped_column(SmallInteger, default=0)
    accepted_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    dedupe_key: Mapped[str | None] = mapped_column(unique=True)


class Receipt(Row):
    """What a provider reported about a delivery, kept as it came, in any order and however often."""

    __tablename__ = "receipts"
    __table_args__ = (Index("ix_receipts_delivery_id", "delivery_id"),)

    delivery_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("deliveries.id"))
    provider_id: Mapped[str | None]
    status: Mapped[str]
    code: Mapped[str | None]


class SenderState(Base):
    """The rate bucket and the pause of one sender (a number, a bot, a project), shared by all workers."""

    __tablename__ = "sender_states"

    sender: Mapped[str] = mapped_column(primary_key=True)
    tokens: Mapped[float] = mapped_column(Float, default=0)
    refilled_at: Mapped[datetime] = mapped_column(default=clock.now)
    paused_until: Mapped[datetime | None]
    reason: Mapped[str | None]
