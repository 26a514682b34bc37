"""Use cases of tasks; `within_reach` is the one place that says which tasks somebody sees."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access import reach
from mcrm.accounts import service as accounts
from mcrm.accounts.models import Account
from mcrm.actors import Actor
from mcrm.contacts import service as contacts
from mcrm.editing import edit
from mcrm.ids import new_id
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.opportunities import service as opportunities
from mcrm.settings_store import service as settings_store
from mcrm.settings_store.catalogue import TASK_REMINDER_MINUTES
from mcrm.tasks.errors import (
    ContactElsewhere,
    OpportunityElsewhere,
    OwnerUnknown,
    TaskDone,
    TaskIdTaken,
    TaskUnknown,
    TaskWithoutAccount,
)
from mcrm.tasks.models import Task, TaskReminder

TABLE = Task.__table__


def within_reach(query: Select[Any], actor: Actor) -> Select[Any]:
    """A select of tasks, or of columns of them, narrowed to those of accounts within the actor's reach."""
    if actor.sees_all:
        return query
    held = Account.__table__
    mine = held.c.territory_id.in_(actor.territory_ids)
    return query.join_from(TABLE, held, held.c.id == TABLE.c.account_id).where(mine)


def reachable(session: Session, actor: Actor, task_id: UUID, *, lock: bool = False) -> Task:
    """The task, locked if asked; raises TaskUnknown for unknown and foreign ids alike."""
    query = within_reach(select(Task), actor).where(Task.id == task_id)
    if lock:
        query = query.with_for_update(of=Task).execution_options(populate_existing=True)
    task: Task | None = session.scalar(query)
    if task is None:
        raise TaskUnknown()
    return task


def add(
    session: Session,
    actor: Actor,
    *,
    title: str,
    account_id: UUID | None = None,
    contact_id: UUID | None = None,
    owner_id: UUID | None = None,
    id: UUID | None = None,
    created_at: datetime | None = None,
    **facts: Any,
) -> Task:
    """Something is to be done for an account, or for a contact's; the actor owns it unless somebody else is named.

    An `id` that a device made: the same task again is answered with what is stored. `facts` are other columns of Task.
    Raises AccountUnknown, ContactUnknown, ContactElsewhere, OpportunityUnknown, OpportunityElsewhere,
    TaskWithoutAccount, OwnerUnknown, TaskIdTaken.
    """
    account_id = _account(session, actor, account_id, contact_id)
    if id is not None and (known := session.get(Task, id)) is not None:
        if (known.account_id, known.title) != (account_id, title):
            raise TaskIdTaken(field="id")
        return known
    _require_its_opportunity(session, actor, facts.get("opportunity_id"), account_id)
    owner_id = owner_id or (actor.id if actor.is_staff else None)
    _require_sees(session, owner_id, account_id)
    facts |= {"contact_id": contact_id, "owner_id": owner_id, "created_at": created_at or clock.now()}
    task = Task(id=id or new_id(), title=title, account_id=account_id, **facts)
    session.add(task)
    session.flush()
    _plan_reminder(session, task)
    _trace(session, actor, Kind.TASK_ADDED, task)
    return task


def change(session: Session, actor: Actor, task: Task, changes: dict[str, Any]) -> Task:
    """Change a task; `done_at` (when, or None) finishes or reopens it. Raises as `add` does."""
    done = changes.pop("done_at", task.done_at)
    contact_id = changes.get("contact_id")
    if contact_id is not None:
        _account(session, actor, task.account_id, contact_id)
    _require_its_opportunity(session, actor, changes.get("opportunity_id"), task.account_id)
    if changes.get("owner_id") is not None:
        _require_sees(session, changes["owner_id"], task.account_id)
    due = task.due_at
    if changed := edit(task, changes):
        session.flush()
        if task.due_at != due:
            _plan_reminder(session, task)
        _trace(session, actor, Kind.TASK_CHANGED, task, changed=changed)
    if done is not None and task.done_at is None:
        finish(session, actor, task, at=done)
    elif done is None and task.done_at is not None:
        reopen(session, actor, task)
    return task


def finish(session: Session, actor: Actor, task: Task, *, at: datetime | None = None) -> Task:
    """It is done, at device time `at`; done twice is done once. A task that repeats makes its successor."""
    if task.done_at is not None:
        return task
    task.done_at = min(at or clock.now(), clock.now())
    session.flush()
    _trace(session, actor, Kind.TASK_DONE, task)
    if task.repeat_every_days is not None:
        _repeat(session, actor, task, task.repeat_every_days)
    return task


def reopen(session: Session, actor: Actor, task: Task) -> Task:
    """It is not done after all; the successor that it made stays."""
    if task.done_at is None:
        return task
    task.done_at, task.repeat_every_days = None, None
    session.flush()
    _trace(session, actor, Kind.TASK_REOPENED, task)
    return task


def snooze(session: Session, actor: Actor, task: Task, *, until: datetime) -> Task:
    """Remind the owner of a locked task again, at `until` and no sooner; when it is due stays. Raises TaskDone."""
    if task.done_at is not None:
        raise TaskDone()
    _remind(session, task, until)
    _trace(session, actor, Kind.TASK_SNOOZED, task)
    return task


def remove(session: Session, actor: Actor, task: Task) -> None:
    """Delete a task."""
    if (reminder := reminder_of(session, task.id)) is not None:
        session.delete(reminder)
        session.flush()
    session.delete(task)
    session.flush()
    _trace(session, actor, Kind.TASK_REMOVED, task)


def reminder_of(session: Session, task_id: UUID) -> TaskReminder | None:
    """When a task's owner is reminded, or was."""
    return session.scalar(select(TaskReminder).where(TaskReminder.task_id == task_id))


def _account(session: Session, actor: Actor, account_id: UUID | None, contact_id: UUID | None) -> UUID:
    """The account that it is for; a contact that is named belongs to it."""
    if contact_id is not None:
        contact = contacts.reachable(session, actor, contact_id, field="contact_id")
        contacts.hold(session, contact.id)
        if account_id not in (None, contact.account_id):
            raise ContactElsewhere(field="contact_id")
        return contact.account_id
    if account_id is None:
        raise TaskWithoutAccount(field="account_id")
    return accounts.reachable(session, actor, account_id, field="account_id").id


def _require_its_opportunity(session: Session, actor: Actor, opportunity_id: UUID | None, account_id: UUID) -> None:
    if opportunity_id is None:
        return
    if opportunities.reachable(session, actor, opportunity_id).account_id != account_id:
        raise OpportunityElsewhere(field="opportunity_id")


def _require_sees(session: Session, owner_id: UUID | None, account_id: UUID) -> None:
    """Whoever is to do something has to see for whom."""
    if owner_id is not None and not reach.sees(session, owner_id, account_id):
        raise OwnerUnknown(field="owner_id")


def _plan_reminder(session: Session, task: Task) -> None:
    """So many minutes before it is due; without a due time nobody is reminded."""
    if task.due_at is not None:
        ahead = timedelta(minutes=settings_store.value(session, TASK_REMINDER_MINUTES))
        _remind(session, task, task.due_at - ahead)
    elif (reminder := reminder_of(session, task.id)) is not None:
        session.delete(reminder)
        session.flush()


def _remind(session: Session, task: Task, at: datetime) -> None:
    """The reminder is held: one that is being sent at this moment would else stay sent, and the new time be lost."""
    held = select(TaskReminder).where(TaskReminder.task_id == task.id).with_for_update()
    reminder = session.scalar(held.execution_options(populate_existing=True)) or TaskReminder(task_id=task.id)
    reminder.at, reminder.sent_at = at, None
    session.add(reminder)
    session.flush()


def _repeat(session: Session, actor: Actor, task: Task, days: int) -> None:
    """The next one: so many days after this one was due, or was done; never due before it is made."""
    step, due = timedelta(days=days), task.due_at or clock.now()
    due += step * max(1, (clock.now() - due) // step + 1)
    copied = {name: getattr(task, name) for name in ("title", "contact_id", "owner_id", "opportunity_id")}
    following = Task(account_id=task.account_id, due_at=due, repeat_every_days=days, **copied)
    session.add(following)
    session.flush()
    _plan_reminder(session, following)
    _trace(session, actor, Kind.TASK_ADDED, following, after=str(task.id))


def _trace(session: Session, actor: Actor, kind: Kind, task: Task, **payload: Any) -> None:
    about = About(contact_id=task.contact_id, account_id=task.account_id, subject=("task", task.id))
    log.append(session, actor, kind, about=about, payload=payload)
