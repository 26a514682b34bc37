"""Cases: a complaint, a refund, a call for a human; somebody owns it and it is due at a time."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Synced, one_of


class CaseState(StrEnum):
    """Nobody began yet, somebody is at it, somebody else's word is missing, or it is settled."""

    OPEN = "open"
    WORKING = "working"
    WAITING = "waiting"
    CLOSED = "closed"


MOVES: dict[CaseState, frozenset[CaseState]] = {
    CaseState.OPEN: frozenset({CaseState.WORKING, CaseState.WAITING, CaseState.CLOSED}),
    CaseState.WORKING: frozenset({CaseState.OPEN, CaseState.WAITING, CaseState.CLOSED}),
    CaseState.WAITING: frozenset({CaseState.OPEN, CaseState.WORKING, CaseState.CLOSED}),
    CaseState.CLOSED: frozenset({CaseState.OPEN}),
}
"""From each state, where it may go: what was settled is opened again before anything else happens to it."""


class Case(Synced):
    """What takes longer than a reply; `due_at` counts business hours, by kind."""

    __tablename__ = "cases"
    __table_args__ = (
        one_of("state", CaseState),
        Index("ix_cases_contact_id", "contact_id"),
        Index("ix_cases_owner_id_id", "owner_id", "id"),
    )

    number: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default=CaseState.OPEN.value)
    contact_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("contacts.id"))
    contact_point_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("contact_points.id"))
    order_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("orders.id"))
    owner_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("users.id"))
    summary: Mapped[str]
    due_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]
