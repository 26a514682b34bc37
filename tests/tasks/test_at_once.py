"""A snooze at the very moment of the reminder is not lost, and two at once are one reminder."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from mcrm import clock
from mcrm.actors import SYSTEM
from mcrm.db import Database, reading
from mcrm.tasks import reminding
from mcrm.tasks import service as tasks
from mcrm.tasks.models import TaskReminder
from mcrm.transaction import perform, transaction
from tests.cast import a_customer


def a_task(due_at: datetime | None) -> UUID:
    with transaction() as session:
        return tasks.add(session, SYSTEM, title="Call", contact_id=a_customer(session).id, due_at=due_at).id


def snooze(task_id: UUID, until: datetime) -> None:
    perform(
        lambda session: tasks.snooze(session, SYSTEM, tasks.reachable(session, SYSTEM, task_id, lock=True), until=until)
    )


def waiting() -> list[datetime]:
    with reading() as session:
        return list(session.scalars(select(TaskReminder.at).where(TaskReminder.sent_at.is_(None))))


def test_a_snooze_while_the_reminder_goes_out_is_not_lost(committed: Database) -> None:
    task, later = a_task(clock.now()), clock.now() + timedelta(hours=2)
    with ThreadPoolExecutor(1) as pool:
        with transaction() as session:
            assert reminding.step(session)
            snoozing = pool.submit(snooze, task, later)
            threading.Event().wait(0.3)  # it has read by now, if it reads before it may
        snoozing.result()
    assert waiting() == [later]


def test_two_snoozes_at_once_are_one_reminder(committed: Database) -> None:
    task, until, start = a_task(None), clock.now() + timedelta(hours=2), threading.Barrier(2)

    def both(hours: int) -> None:
        start.wait()
        snooze(task, until + timedelta(hours=hours))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(both, range(2)))
    assert len(waiting()) == 1
