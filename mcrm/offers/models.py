"""Offers and their announcements."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Row, Synced, one_of


class AnnouncementState(StrEnum):
    """Being turned into deliveries, or done with that."""

    RUNNING = "running"
    DONE = "done"


class Offer(Synced):
    """Something worth telling: a title, a sentence, a time."""

    __tablename__ = "offers"

    title: Mapped[str]
    body: Mapped[str]
    code: Mapped[str | None] = mapped_column(unique=True)
    starts_at: Mapped[datetime | None]
    ends_at: Mapped[datetime | None]


class Announcement(Row):
    """One offer going out to everybody who may hear of it; `after_contact_id` is how far it came."""

    __tablename__ = "announcements"
    __table_args__ = (one_of("state", AnnouncementState), Index("ix_announcements_offer_id", "offer_id", unique=True))

    offer_id: Mapped[UUID] = mapped_column(Id, ForeignKey("offers.id"))
    state: Mapped[str] = mapped_column(default=AnnouncementState.RUNNING.value)
    after_contact_id: Mapped[UUID | None]
    queued: Mapped[int] = mapped_column(default=0)
    withheld: Mapped[int] = mapped_column(default=0)
    launched_by: Mapped[str]
    finished_at: Mapped[datetime | None]
