"""Targets, with their progress as a column."""

from datetime import date
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Synced, one_of


class Measure(StrEnum):
    """What is counted; `orders-value` in minor units of the target's currency."""

    ORDERS_VALUE = "orders-value"
    ORDERS_COUNT = "orders-count"
    NEW_ACCOUNTS = "new-accounts"
    OPPORTUNITIES_WON = "opportunities-won"
    VISITS = "visits"


class Target(Synced):
    """A goal from one day to another, both included: a rep's in a territory, a whole territory's, or a team's.

    `progress` is measured from the rows by an engine and stands here, so that a phone without a network and the API
    show the same number, and a device hears of it like of any other change.
    """

    __tablename__ = "targets"
    __table_args__ = (
        one_of("measure", Measure),
        CheckConstraint("(team IS NULL) <> (territory_id IS NULL)", name="whose"),
        CheckConstraint("starts_on <= ends_on", name="days"),
        CheckConstraint("goal > 0", name="goal"),
        Index("ix_targets_territory_id_id", "territory_id", "id"),
        Index("ix_targets_ends_on", "ends_on"),
    )

    measure: Mapped[str]
    user_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("users.id"))
    territory_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("territories.id"))
    team: Mapped[str | None]
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date] = mapped_column(Date)
    goal: Mapped[int]
    currency: Mapped[str | None]
    progress: Mapped[int] = mapped_column(default=0)
