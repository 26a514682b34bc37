"""kill -9 of web, worker and carriers at random moments under load, on both databases; then the books are audited.

`MCRM_DRILL_ROUNDS` sets the rounds (20); in each of them every process dies once, in any order.
"""

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from mcrm import db
from mcrm.db import reading
from tests import databases
from tests.demo.stage import described, environment, eventually, is_ready, running_demo
from tests.drills import auditor
from tests.drills.auditor import Books
from tests.drills.load import Load, accepted_items

ROUNDS = int(os.environ.get("MCRM_DRILL_ROUNDS", "20"))
PROCESSES = ("web", "worker", "sandbox")
SETTLED_S = 420.0  # the lease of a dead worker, then the time in which a receipt may come, then a look-up or two


@contextmanager
def demo_database(engine: str, postgres_url: str) -> Iterator[dict[str, str]]:
    """The setting that puts the demo on that database; nothing for SQLite, which is its own."""
    if engine == "sqlite":
        yield {}
        return
    name = f"mcrm_drill_{os.getpid()}"
    made = databases.empty_postgres(postgres_url, name)
    made.close()
    assert isinstance(made.bind, Engine)
    try:
        yield {"MCRM_DATABASE_URL": made.bind.url.render_as_string(hide_password=False)}
    finally:
        databases.drop_postgres(postgres_url, name)


def kill(folder: Path, name: str) -> None:
    """kill -9, for the web process at times with its children at once; then wait until it was started again."""
    pid = described(folder)["pids"][name]
    if pid is None:
        return
    if random.random() < 0.5:
        os.killpg(pid, signal.SIGKILL)
    else:
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: described(folder)["pids"][name] not in {None, pid}, f"the restart of {name}")


def all_are_up(folder: Path) -> bool:
    facts = described(folder)
    if None in facts["pids"].values() or not is_ready(facts):
        return False
    try:
        return httpx.get(f"{facts['sandbox_url']}/_control/stats", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def play(folder: Path) -> Load:
    """The rounds; the load afterwards, stopped."""
    load = Load(folder)
    load.start()
    try:
        for _ in range(ROUNDS):
            for name in random.sample(PROCESSES, len(PROCESSES)):
                time.sleep(random.uniform(0.2, 2.0))
                kill(folder, name)
            eventually(lambda: all_are_up(folder), "the return of everybody")
    finally:
        load.stop()
    return load


def books() -> Books:
    with reading() as session:
        return Books.read(session)


@pytest.mark.soak
@pytest.mark.parametrize("engine", databases.ENGINES)
def test_nothing_accepted_is_lost_and_nothing_is_sent_twice_unless_it_was_in_doubt(
    engine: str, tmp_path: Path, postgres_url: str
) -> None:
    folder = tmp_path / "var"
    with demo_database(engine, postgres_url) as more, running_demo(folder, environment(folder, **more)):
        load = play(folder)
        database = db.connect(described(folder)["database_url"])
        db.use(database)
        try:
            eventually(lambda: not auditor.still_open(books()), "the end of all deliveries", patience_s=SETTLED_S)
        finally:
            found, items = books(), accepted_items(folder)
            db.use(None)
            database.close()
    doubts = sum(sending.in_doubt for sending in found.sendings)
    print(
        f"{engine}, {ROUNDS} rounds: answered {len(load.answered.texts)} texts, {len(load.answered.updates)} updates; "
        f"{len(load.answered.shipped)} orders shipped, {len(found.sendings)} deliveries, {len(items)} accepted, "
        f"{doubts} in doubt, {auditor.doubled(found, items)} doubled"
    )
    assert load.failures == []
    assert load.answered.texts and load.answered.updates and load.answered.shipped
    assert not (wrong := auditor.faults(load.answered, found, items)), "\n".join(wrong)
