"""A run that is killed, stopped or run by two at once: every row ends once."""

import os
import signal
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mcrm import clock, db
from mcrm.bulk import forgetting, running, service
from mcrm.bulk.acting import COMMAND_LINE
from mcrm.bulk.models import Import, ImportPart, ImportRow
from mcrm.bulk.running import Runner, run_to_end
from mcrm.contacts.models import Contact
from mcrm.db import Database
from mcrm.interactions.models import Interaction
from mcrm.orders import importing
from mcrm.transaction import transaction
from tests.bulk.files import uploaded
from tests.forking import ended

ROWS = 23
FILE = "number,name\n" + "".join(f"R{n},Person {n}\n" for n in range(ROWS)) + "R3,Person three again\n"


def run_and_die(url: str, import_id: UUID, windows: int) -> None:
    """A process of its own, killed after so many windows of five rows."""
    importing.FIRST = importing.FEWEST = importing.MOST = 5
    db.use(db.connect(url))
    runner = Runner()
    for _ in range(windows):
        runner.turn(import_id)
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture(autouse=True)
def _small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FIRST", "FEWEST", "MOST"):
        monkeypatch.setattr(f"mcrm.orders.importing.{name}", 5)


def begun(folder: Path, *, dry_run: bool = False) -> Import:
    import_id = uploaded(folder, FILE, "contacts")
    with transaction() as session:
        return service.start(
            session, COMMAND_LINE, service.reachable(session, COMMAND_LINE, import_id), dry_run=dry_run
        )


def test_a_killed_run_goes_on_where_its_last_commit_was(committed: Database, tmp_path: Path) -> None:
    job = begun(tmp_path)
    url = committed.bind.engine.url.render_as_string(hide_password=False)
    for windows in (1, 2):
        assert ended(run_and_die, url, job.id, windows) == -signal.SIGKILL
    with db.reading() as session:
        assert session.get_one(Import, job.id).done == 15
    run = run_to_end(job.id)
    assert (run.state, run.done, run.counts) == ("finished", ROWS + 1, {"created": ROWS, "rejected": 1})
    with db.reading() as session:
        assert session.scalar(select(func.count()).select_from(Contact)) == ROWS
        facts = select(func.count()).select_from(Interaction).where(Interaction.kind == "contact.created")
        assert session.scalar(facts) == ROWS
        assert session.scalar(select(func.count()).select_from(ImportPart)) == 0  # the file itself is not kept


def test_two_runners_share_one_import(database: Database, session: Session, tmp_path: Path) -> None:
    job = begun(tmp_path)
    runners = (Runner(), Runner())
    while runners[0].turn() | runners[1].turn():
        pass
    session.expire_all()
    assert session.get_one(Import, job.id).counts == {"created": ROWS, "rejected": 1}
    assert session.scalar(select(func.count()).select_from(ImportRow)) == ROWS + 1


def test_a_stopped_run_keeps_what_it_did_and_can_be_taken_back(
    database: Database, session: Session, tmp_path: Path
) -> None:
    job, runner = begun(tmp_path), Runner()
    runner.turn()
    with transaction() as work:
        service.cancel(work, COMMAND_LINE, service.reachable(work, COMMAND_LINE, job.id))
    assert not runner.turn()
    assert session.scalar(select(func.count()).select_from(Contact)) == 5
    with transaction() as work:
        service.undo(work, COMMAND_LINE, service.reachable(work, COMMAND_LINE, job.id))
    assert run_to_end(job.id).counts["undone"] == 5
    session.expire_all()
    assert session.scalar(select(func.count()).select_from(Contact)) == 0


def test_an_import_that_cannot_go_on_fails_and_does_not_turn_for_ever(
    database: Database, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*unused: object, **also_unused: object) -> None:
        raise ZeroDivisionError

    job, runner = begun(tmp_path), Runner()
    monkeypatch.setitem(running.DECIDE, "contacts", broken)
    for _ in range(running.MOST_FAILURES - 1):
        with pytest.raises(ZeroDivisionError):
            runner.turn()
    assert runner.turn()
    session.expire_all()
    assert session.get_one(Import, job.id).state == "failed"
    assert not runner.turn()


def test_files_and_reports_of_old_imports_are_dropped(database: Database, session: Session, tmp_path: Path) -> None:
    run_to_end(begun(tmp_path).id)
    lying = uploaded(tmp_path, FILE, "contacts")
    with transaction() as work:
        assert not forgetting.forget(work, before=clock.now() - timedelta(days=1))
    assert session.scalar(select(func.count()).select_from(ImportRow)) == ROWS + 1
    while True:
        with transaction() as work:
            if not forgetting.forget(work, before=clock.now()):
                break
    session.expire_all()
    for model in (ImportRow, ImportPart):
        assert session.scalar(select(func.count()).select_from(model)) == 0
    assert session.get_one(Import, lying).sample == []
