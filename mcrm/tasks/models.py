"""Tasks, and when their owners are reminded."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Row, Synced

OPEN, WAITING = text("done_at IS NULL"), text("sent_at IS NULL")


class Task(Synced):
    """Something to do for an account, by its owner.

    A task that repeats makes the next one when it is done, so many days after it was due. `opportunity_id` names an
    opportunity of the account, `visit_id` the visit whose next step this is.
    """

    __tablename__ = "tasks"
    __within__ = ("account_id", "accounts")
    __table_args__ = (
        CheckConstraint("repeat_every_days > 0", name="repeat_every_days"),
        Index("ix_tasks_account_id_id", "account_id", "id"),
        Index("ix_tasks_contact_id", "contact_id"),
        Index("ix_tasks_open", "owner_id", "due_at", sqlite_where=OPEN, postgresql_where=OPEN),
    )

    title: Mapped[str]
    due_at: Mapped[datetime | None]
    done_at: Mapped[datetime | None]
    account_id: Mapped[UUID] = mapped_column(Id, ForeignKey("accounts.id"))
    contact_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("contacts.id"))
    opportunity_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("opportunities.id"))
    visit_id: Mapped[UUID | None]
    owner_id: Mapped[UUID | None] = mapped_column(Id, ForeignKey("users.id"))
    repeat_every_days: Mapped[int | None]


class TaskReminder(Row):
    """When the owner of a task is reminded of it, or was. A row of its own: reminding changes no task."""

    __tablename__ = "task_reminders"
    __table_args__ = (Index("ix_task_reminders_waiting", "at", sqlite_where=WAITING, postgresql_where=WAITING),)

    task_id: Mapped[UUID] = mapped_column(Id, ForeignKey("tasks.id"), unique=True)
    at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
