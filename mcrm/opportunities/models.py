"""The pipeline's stages, the opportunities in them, and when each opportunity entered which stage."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from mcrm import clock
from mcrm.db import Id, Row, Synced, Versioned, one_of


class StageKind(StrEnum):
    """A stage is one of those that are open, or one of the two ends."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class PipelineStage(Versioned):
    """One stage: `probability` in per cent that what stands in it is won. `key` is what opportunities bear."""

    __tablename__ = "pipeline_stages"
    __table_args__ = (
        one_of("kind", StageKind),
        CheckConstraint("probability BETWEEN 0 AND 100", name="probability"),
    )

    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    place: Mapped[int]
    probability: Mapped[int]
    kind: Mapped[str] = mapped_column(default=StageKind.OPEN.value)


class Opportunity(Synced):
    """A possible sale to an account: `amount` in minor units of `currency`.

    `closes_on` is the day on which it is expected to close; of what was won or lost, the day on which it did.
    `stage_since` is when it entered its stage; `closed_at` when it was won or lost, None while it is open.
    `loss_reason` was one of the business's own words on that day (`reasons.py`).
    """

    __tablename__ = "opportunities"
    __within__ = ("account_id", "accounts")
    __table_args__ = (
        CheckConstraint("amount >= 0", name="amount"),
        Index("ix_opportunities_account_id_id", "account_id", "id"),
        Index("ix_opportunities_owner_id_id", "owner_id", "id"),
        Index("ix_opportunities_closes_on", "closes_on"),
    )

    name: Mapped[str]
    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("accounts.id"))
    contact_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("contacts.id"))
    owner_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("users.id"))
    stage: Mapped[str]
    stage_since: Mapped[datetime] = mapped_column(default=clock.now)
    amount: Mapped[int] = mapped_column(default=0)
    currency: Mapped[str]
    closes_on: Mapped[date | None] = mapped_column(Date)
    loss_reason: Mapped[str | None]
    loss_detail: Mapped[str | None]
    order_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("orders.id"))
    quote_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("quotes.id"))
    closed_at: Mapped[datetime | None]


class StageEntry(Row):
    """An opportunity's stay in one stage; `left_at` is None while it stands there."""

    __tablename__ = "opportunity_stages"
    __table_args__ = (Index("ix_opportunity_stages_opportunity_id_id", "opportunity_id", "id"),)

    opportunity_id: Mapped[UUID] = mapped_column(Id, ForeignKey("opportunities.id"))
    stage: Mapped[str]
    entered_at: Mapped[datetime]
    left_at: Mapped[datetime | None]
    moved_by: Mapped[str]
