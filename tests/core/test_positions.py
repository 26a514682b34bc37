"""One order of changes: a reader that tails positions sees every committed row exactly once, whatever writers do.

Eight writers (four processes of two threads) fight over five accounts, with savepoints kept and rolled back, refusals,
row locks in any order and random pauses, while a reader tails the log and the changes. The same run with numbers from
a sequence (PostgreSQL) or from the clock (SQLite) must lose rows: that shows that the test can see a loss.
"""

import json
import random
import sqlite3
import threading
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from mcrm import db
from mcrm.accounts.models import Account
from mcrm.actors import SYSTEM
from mcrm.db import Database, reading
from mcrm.ids import new_id
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.models import Change
from mcrm.transaction import perform, transaction
from tests import databases
from tests.forking import forked

PROCESSES, THREADS, ROUNDS, ACCOUNTS = 4, 2, 14, 5


class Refused(Exception):
    """A use case says no after having written."""


def one_round(session: Session, chance: random.Random, marker: str, accounts: list[UUID]) -> None:
    """A use case of the rude kind: locks, writes, savepoints, pauses, sometimes a refusal at the end."""
    first, second = chance.sample(accounts, 2)
    wrong_order = chance.random() < 0.05
    for id_ in (first, second) if wrong_order else sorted((first, second)):
        account = session.get_one(Account, id_, with_for_update={"key_share": True}, populate_existing=True)
        account.name = marker
    log.append(session, SYSTEM, Kind.NOTE_ADDED, payload={"kept": marker})
    if chance.random() < 0.3:
        savepoint = session.begin_nested()
        log.append(session, SYSTEM, Kind.NOTE_ADDED, payload={"dropped": marker})
        session.add(Account(name=f"dropped {marker}"))
        session.flush()
        savepoint.rollback()
    if chance.random() < 0.3:
        with session.begin_nested():
            log.append(session, SYSTEM, Kind.NOTE_ADDED, payload={"kept": f"{marker}+"})
    time.sleep(chance.random() * 0.003)
    if chance.random() < 0.1:
        raise Refused


def write(url: str, accounts: list[UUID], seed: int, results: Any) -> None:
    """One writing process; puts the markers that were really committed."""
    db.use(db.connect(url, synchronous="NORMAL"))
    committed: list[str] = []

    def run(thread: int) -> None:
        chance = random.Random(seed * 100 + thread)
        for number in range(ROUNDS):
            marker = f"{seed}-{thread}-{number}"
            state = chance.getstate()

            def work(session: Session, marker: str = marker, state: Any = state) -> None:
                chance.setstate(state)
                one_round(session, chance, marker, accounts)

            try:
                perform(work, tries=10)
                committed.append(marker)
            except Refused:
                pass

    threads = [threading.Thread(target=run, args=(thread,)) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.current().close()
    results.put(committed)


@dataclass
class Reader:
    """Tails both tables by position, as a device or an engine would."""

    facts: list[tuple[int, str]] = field(default_factory=list)
    changes: list[int] = field(default_factory=list)
    stop: bool = False

    def run(self, database: Database) -> None:
        """Read until told to stop, and once more after that."""
        position = 0
        while True:
            last = self.stop
            with reading(database) as session:
                facts = log.tail(session, after=position)
                changes = list(session.query(Change).filter(Change.position > position).order_by(Change.position))
            self.facts += [(fact.position, fact.payload) for fact in facts]
            self.changes += [change.position for change in changes]
            position = max([position, *(fact.position for fact in facts), *(change.position for change in changes)])
            if last:
                return
            time.sleep(0.002)


def test_a_tailing_reader_sees_every_committed_row_exactly_once(committed: Database) -> None:
    assert isinstance(committed.bind, Engine)
    url = committed.bind.url.render_as_string(hide_password=False)
    with transaction() as session:
        accounts = [Account(name="fought over") for _ in range(ACCOUNTS)]
        session.add_all(accounts)
    reader = Reader()
    beside = databases.independent(committed)
    tailing = threading.Thread(target=reader.run, args=(beside,))
    tailing.start()
    results: Any = forked.Queue()
    writers = [
        forked.Process(target=write, args=(url, [account.id for account in accounts], seed, results))
        for seed in range(PROCESSES)
    ]
    for writer in writers:
        writer.start()
    done = [marker for _ in writers for marker in results.get(timeout=120)]
    for writer in writers:
        writer.join()
    reader.stop = True
    tailing.join()
    beside.close()

    kept = [json.loads(payload) for _, payload in reader.facts]
    assert all("dropped" not in fact for fact in kept)
    assert sorted(fact["kept"] for fact in kept if "+" not in fact["kept"]) == sorted(done)
    seen = [position for position, _ in reader.facts] + reader.changes
    assert sorted(seen) == list(range(1, len(seen) + 1)), "no position missing, none twice, no gaps"
    with reading() as session:
        assert log.head(session)[1] == len(seen)
    assert len(done) > PROCESSES * THREADS * ROUNDS // 2


def numbers_while_writing(database: Database) -> tuple[set[int], set[int]]:
    """(committed numbers, numbers a tailing reader saw) when each is taken before the commit."""
    assert isinstance(database.bind, Engine)
    engine = database.bind
    on_postgres = engine.dialect.name == "postgresql"
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE unsafe_log (n BIGINT PRIMARY KEY, id TEXT)"))
        if on_postgres:
            connection.execute(text("CREATE SEQUENCE unsafe_numbers"))
    written: set[int] = set()
    seen: set[int] = set()
    finished = threading.Event()

    def writer(seed: int) -> None:
        chance = random.Random(seed)
        for _ in range(60):
            taken = time.time_ns()  # a clock is read before the turn to write comes
            try:
                with engine.begin() as connection:
                    if on_postgres:
                        taken = connection.scalar(text("SELECT nextval('unsafe_numbers')"))
                    connection.execute(
                        text("INSERT INTO unsafe_log VALUES (:n, :id)"), {"n": taken, "id": str(new_id())}
                    )
                    time.sleep(chance.random() * 0.004)
                written.add(taken)
            except (DBAPIError, sqlite3.Error):
                continue

    def tail() -> None:
        last = 0
        while True:
            ending = finished.is_set()
            with engine.execution_options(**({} if on_postgres else {"read_only": True})).connect() as connection:
                rows = connection.execute(text("SELECT n FROM unsafe_log WHERE n > :last ORDER BY n"), {"last": last})
                for (number,) in rows:
                    seen.add(number)
                    last = number
            if ending:
                return
            time.sleep(0.001)

    reader = threading.Thread(target=tail)
    reader.start()
    threads = [threading.Thread(target=writer, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    finished.set()
    reader.join()
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE unsafe_log"))
        if on_postgres:
            connection.execute(text("DROP SEQUENCE unsafe_numbers"))
    return written, seen


def test_numbers_from_a_sequence_or_the_clock_would_lose_rows(committed: Database) -> None:
    written, seen = numbers_while_writing(committed)
    assert seen < written, "if this loses nothing, the test above proves nothing"


@pytest.mark.parametrize("tries", [1, 4])
def test_a_victim_of_a_deadlock_runs_again_as_a_whole(committed: Database, tries: int) -> None:
    with transaction() as session:
        one, two = Account(name="one"), Account(name="two")
        session.add_all([one, two])
    barrier = threading.Barrier(2, timeout=20)
    failures: list[Exception] = []

    def rename(ids: list[UUID], name: str) -> None:
        met = False

        def work(session: Session) -> None:
            nonlocal met
            for index, id_ in enumerate(ids):
                session.get_one(Account, id_, with_for_update=True, populate_existing=True).name = name
                session.flush()
                if index == 0 and not met and not committed.is_sqlite:
                    met = True
                    barrier.wait()
            log.append(session, SYSTEM, Kind.NOTE_ADDED, payload={"by": name})

        try:
            perform(work, tries=tries)
        except Exception as error:
            failures.append(error)

    threads = [
        threading.Thread(target=rename, args=(ids, name))
        for ids, name in (([one.id, two.id], "a"), ([two.id, one.id], "b"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading() as session:
        traces = [fact.payload for fact in log.tail(session, after=0)]
    if committed.is_sqlite or tries > 1:
        assert sorted(traces) == ['{"by":"a"}', '{"by":"b"}'], failures
    else:
        assert len(traces) == 1, "without a second try the database's victim is lost"
