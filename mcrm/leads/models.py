"""Leads, how each was assigned, and whose turn it is."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Base, Id, Row, Synced, one_of


class LeadStatus(StrEnum):
    """Where a lead stands; `leads/states.py` says which moves are legal."""

    NEW = "new"
    CONTACTED = "contacted"
    QUALIFIED = "qualified"
    CONVERTED = "converted"
    LOST = "lost"


class LeadLoss(StrEnum):
    """Why nothing came of a lead."""

    NOT_INTERESTED = "not-interested"
    UNREACHABLE = "unreachable"
    NO_FIT = "no-fit"
    COMPETITOR = "competitor"
    DUPLICATE = "duplicate"
    SPAM = "spam"
    OTHER = "other"


class Rule(StrEnum):
    """By which rule a lead was assigned, or why it was not."""

    NAMED = "named"
    MAKER = "maker"
    SHARED = "shared"
    CLAIMED = "claimed"
    NO_TERRITORY = "no-territory"
    NOBODY_COVERS = "nobody-covers"


OPEN_STATES = (LeadStatus.NEW, LeadStatus.CONTACTED, LeadStatus.QUALIFIED)
OPEN = text("status IN ('new', 'contacted', 'qualified')")
WAITING = text("status = 'new' AND escalated_at IS NULL")


class Lead(Synced):
    """Somebody who may want something. Once converted, phone and mail stand with the contact alone.

    The clock: `touch_due_at` runs from the assignment, `first_touched_at` stops it, `escalated_at` is when the manager
    was told that nobody did.
    """

    __tablename__ = "leads"
    __table_args__ = (
        one_of("status", LeadStatus),
        one_of("lost_reason", LeadLoss),
        Index("ix_leads_territory_id_id", "territory_id", "id"),
        Index("ix_leads_open", "owner_id", sqlite_where=OPEN, postgresql_where=OPEN),
        Index("ix_leads_waiting", "touch_due_at", sqlite_where=WAITING, postgresql_where=WAITING),
    )

    name: Mapped[str]
    company: Mapped[str | None]
    phone: Mapped[str | None]
    email: Mapped[str | None]
    country: Mapped[str | None]
    postcode: Mapped[str | None]
    source: Mapped[str | None]
    notes: Mapped[str | None]
    status: Mapped[str] = mapped_column(default=LeadStatus.NEW.value)
    lost_reason: Mapped[str | None]
    territory_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("territories.id"))
    owner_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("users.id"))
    assigned_at: Mapped[datetime | None]
    touch_due_at: Mapped[datetime | None]
    first_touched_at: Mapped[datetime | None]
    escalated_at: Mapped[datetime | None]
    converted_at: Mapped[datetime | None]
    contact_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("contacts.id"))
    account_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("accounts.id"))
    opportunity_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("opportunities.id"))


class LeadAssignment(Row):
    """One decision about whose a lead is.

    `candidates` are those who could have got it, `{"user_id", "open_leads", "last_turn"}`, in the order in which they
    were preferred; `place` is the postcode's beginning that led to the territory, if one did.
    """

    __tablename__ = "lead_assignments"
    __table_args__ = (one_of("rule", Rule), Index("ix_lead_assignments_lead_id_id", "lead_id", "id"))

    lead_id: Mapped[UUID] = mapped_column(Id, ForeignKey("leads.id"))
    rule: Mapped[str]
    territory_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("territories.id"))
    place: Mapped[str | None]
    owner_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("users.id"))
    candidates: Mapped[list[Any]] = mapped_column(default=list)
    assigned_by: Mapped[str]


class LeadTurn(Base):
    """The queue of a territory: `turn` counts its shared leads. Held while one is given out, so that turns are fair."""

    __tablename__ = "lead_turns"

    territory_id: Mapped[UUID] = mapped_column(Id, ForeignKey("territories.id"), primary_key=True)
    turn: Mapped[int] = mapped_column(default=0)


class LeadTurnOf(Base):
    """Which turn of a territory's queue a rep had last."""

    __tablename__ = "lead_turns_of"

    territory_id: Mapped[UUID] = mapped_column(Id, ForeignKey("territories.id"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(Id, ForeignKey("users.id"), primary_key=True)
    turn: Mapped[int]
