"""Reminding owners of their tasks: one push to each of their devices, so long before a task is due."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.deliveries import staff
from mcrm.tasks.models import Task, TaskReminder

KIND = "task-reminder"


def step(session: Session) -> bool:
    """Remind of one task whose time has come; whether there was one. Of what is done nobody is reminded."""
    query = (
        select(TaskReminder)
        .where(TaskReminder.sent_at.is_(None), TaskReminder.at <= clock.now())
        .order_by(TaskReminder.at, TaskReminder.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if (reminder := session.scalar(query)) is None:
        return False
    reminder.sent_at = clock.now()
    task = session.get_one(Task, reminder.task_id)
    if task.done_at is None and task.owner_id is not None:
        staff.tell(
            session,
            task.owner_id,
            title=_when(task.due_at),
            text=task.title,
            kind=KIND,
            dedupe_key=f"{KIND}:{task.id}:{reminder.at.timestamp():.0f}",
            data={"task_id": str(task.id)},
        )
    session.flush()
    return True


def _when(due_at: datetime | None) -> str:
    """When it is due, by the business's clock; the day too, unless it is today."""
    if due_at is None:
        return "To do"
    here, today = due_at.astimezone(clock.zone()), clock.now().astimezone(clock.zone()).date()
    day = "" if here.date() == today else f" on {here.day} {here:%B}"
    return f"Due at {here:%H:%M}{day}"
