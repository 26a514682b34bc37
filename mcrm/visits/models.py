"""Visits, their plans and reports, and the forms that reports follow."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, Integer, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Synced, one_of


class VisitState(StrEnum):
    """Where a visit stands; `visits/states.py` says which moves are legal."""

    OPEN = "open"
    CHECKED_OUT = "checked_out"
    NOT_CHECKED_OUT = "not_checked_out"


class Outcome(StrEnum):
    """What came of a visit."""

    ORDER_TAKEN = "order_taken"
    FOLLOW_UP = "follow_up"
    NO_NEED = "no_need"
    SERVICE_DONE = "service_done"
    REFUSED = "refused"
    NOBODY_THERE = "nobody_there"
    OTHER = "other"


class Verdict(StrEnum):
    """Whether the rep was where the account is."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    UNKNOWN = "unknown"


class PlanState(StrEnum):
    """What became of a planned visit."""

    PLANNED = "planned"
    VISITED = "visited"
    DROPPED = "dropped"


IS_OPEN, HAS_POSITION = text("state = 'open'"), text("lat IS NOT NULL")


class Visit(Synced):
    """A rep's call at an account.

    `checked_in_at` and `checked_out_at` are the device's times, `received_at` and `ended_received_at` when the server
    heard of them. `visited_at` is when the visit counts: the device's time, never later than the server heard of it.
    `clock_skew_s`: by how much the device's clock was ahead, where that is known. `lat` and `lon` (WGS 84 degrees) are
    blanked after a while; the verdict and the distances in metres that came of them stay.
    """

    __tablename__ = "visits"
    __within__ = ("account_id", "accounts")
    __table_args__ = (
        one_of("state", VisitState),
        one_of("outcome", Outcome),
        one_of("verdict", Verdict),
        Index("uq_visits_open_of_rep", "rep_id", unique=True, sqlite_where=IS_OPEN, postgresql_where=IS_OPEN),
        Index("ix_visits_account_id_visited_at", "account_id", "visited_at"),
        Index("ix_visits_rep_id_visited_at", "rep_id", "visited_at"),
        Index("ix_visits_visited_at", "visited_at"),
        Index("ix_visits_with_position", "received_at", sqlite_where=HAS_POSITION, postgresql_where=HAS_POSITION),
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("accounts.id"))
    rep_id: Mapped[UUID] = mapped_column(Id, ForeignKey("users.id"))
    state: Mapped[str] = mapped_column(default=VisitState.OPEN.value)
    checked_in_at: Mapped[datetime]
    checked_out_at: Mapped[datetime | None]
    visited_at: Mapped[datetime]
    received_at: Mapped[datetime]
    ended_received_at: Mapped[datetime | None]
    clock_skew_s: Mapped[int | None]
    lat: Mapped[float | None]
    lon: Mapped[float | None]
    accuracy_m: Mapped[float | None]
    is_mock: Mapped[bool] = mapped_column(default=False)
    verdict: Mapped[str] = mapped_column(default=Verdict.UNKNOWN.value)
    distance_m: Mapped[int | None]
    left_distance_m: Mapped[int | None]
    outcome: Mapped[str | None]


class PlannedVisit(Synced):
    """A visit that is to be made on a day; with `starts_at` it is an appointment, which others wait for.

    `visit_id` is the visit that came of it.
    """

    __tablename__ = "planned_visits"
    __within__ = ("account_id", "accounts")
    __table_args__ = (
        one_of("state", PlanState),
        CheckConstraint("duration_minutes > 0", name="duration_minutes"),
        Index("ix_planned_visits_rep_id_on", "rep_id", "on"),
        Index("ix_planned_visits_account_id_on", "account_id", "on"),
    )

    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("accounts.id"))
    rep_id: Mapped[UUID] = mapped_column(Id, ForeignKey("users.id"))
    on: Mapped[date] = mapped_column(Date)
    starts_at: Mapped[datetime | None]
    duration_minutes: Mapped[int] = mapped_column(Integer, default=30)
    purpose: Mapped[str | None]
    state: Mapped[str] = mapped_column(default=PlanState.PLANNED.value)
    visit_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("visits.id"))


class VisitForm(Synced):
    """One version of a form that reports follow; its questions never change, a new version takes its place.

    `questions`: `{"key", "label", "type", "is_required", "options", "minimum", "maximum"}` each.
    """

    __tablename__ = "visit_forms"
    __table_args__ = (UniqueConstraint("name", "version"),)

    name: Mapped[str]
    version: Mapped[int]
    questions: Mapped[list[Any]]
    is_active: Mapped[bool] = mapped_column(default=True)


class VisitReport(Synced):
    """What a rep answered to a form's questions on a visit, by their keys; never edited."""

    __tablename__ = "visit_reports"
    __within__ = ("visit_id", "visits")
    __table_args__ = (Index("ix_visit_reports_visit_id_id", "visit_id", "id"),)

    visit_id: Mapped[UUID] = mapped_column(Id, ForeignKey("visits.id"))
    form_id: Mapped[UUID] = mapped_column(Id, ForeignKey("visit_forms.id"))
    answers: Mapped[dict[str, Any]]
