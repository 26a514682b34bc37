"""Reminding owners of their tasks: one push to each of their devices, so long before a task is due.

It says no name, and a task's title says many: phones show pushes to whoever looks at them.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access import reach
from mcrm.accounts.models import Account
from mcrm.deliveries import staff
from mcrm.tasks.models import Task, TaskReminder
from mcrm.territories import members

KIND = "task-reminder"


def step(session: Session) -> bool:
    """Remind of one task whose time has come; whether there was one.

    Of what is done nobody is reminded. Where its owner does not see the account any more, who answers for the territory
    is told instead, so that it is not forgotten.
    """
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
        key = f"{KIND}:{task.id}:{reminder.at.timestamp():.0f}"
        for user_id, title, text in _whom(session, task, task.owner_id):
            data = {"task_id": str(task.id)}
            staff.tell(session, user_id, title=title, text=text, kind=KIND, dedupe_key=key, data=data)
    session.flush()
    return True


def _whom(session: Session, task: Task, owner_id: UUID) -> list[tuple[UUID, str, str]]:
    """(user, title, text) of the pushes: the owner's, or those of who answers for what the owner lost."""
    when = _when(task.due_at)
    if reach.sees(session, owner_id, task.account_id):
        return [(owner_id, when, "It is one of your tasks.")]
    territory_id = session.get_one(Account, task.account_id).territory_id
    told = members.answering(session, territory_id)
    return [(user_id, when, "Its owner does not see the account any more.") for user_id in told]


def _when(due_at: datetime | None) -> str:
    """When it is due, by the business's clock; the day too, unless it is today."""
    if due_at is None:
        return "Something to do"
    here, today = due_at.astimezone(clock.zone()), clock.now().astimezone(clock.zone()).date()
    day = "" if here.date() == today else f" on {here.day} {here:%B}"
    return f"A task is due at {here:%H:%M}{day}"
