"""What one order of changes costs: eight writers, the real transaction against the same rows numbered by a sequence."""

import multiprocessing
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, insert, text
from sqlalchemy.orm import Session

from bench.report import Figure
from bench.stores import store
from mcrm import clock, db
from mcrm.accounts.models import Account
from mcrm.actors import SYSTEM
from mcrm.ids import new_id
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.models import Change, Interaction
from mcrm.transaction import perform, transaction

SECONDS, PROCESSES, THREADS = 5.0, 4, 2
spawned = multiprocessing.get_context("spawn")


def measure() -> Iterator[Figure]:
    """Rows per second as a share of the unsafe way, one at a time and in batches of 1,000."""
    with store("postgresql") as database:
        assert isinstance(database.bind, Engine)
        with database.bind.begin() as connection:
            connection.execute(text("CREATE SEQUENCE unsafe_numbers START 1000000000"))
        with transaction() as session:
            accounts = [Account(name="bench") for _ in range(64)]
            session.add_all(accounts)
        ids = [account.id for account in accounts]
        url = database.bind.url.render_as_string(hide_password=False)
        for batch, least in ((1, 0.80), (1000, 0.85)):
            unsafe, safe = (rate(url, ids, batch, way) for way in ("unsafe", "safe"))
            share = safe / unsafe
            measured = f"{share:.2f} of {unsafe:,.0f} rows/s with a sequence ({safe:,.0f} rows/s)"
            yield Figure(
                f"append, 8 writers, batches of {batch}, PostgreSQL", measured, f"≥ {least:.2f}", share >= least
            )


def rate(url: str, ids: list[UUID], batch: int, way: str) -> float:
    """Interactions per second over all writers."""
    results: Any = spawned.Queue()
    arguments = [(url, ids, batch, way, number, results) for number in range(PROCESSES)]
    processes = [spawned.Process(target=write, args=given) for given in arguments]
    for process in processes:
        process.start()
    rows = [results.get() for _ in processes]
    for process in processes:
        process.join()
    return sum(count for count, _ in rows) / max(seconds for _, seconds in rows)


def write(url: str, ids: list[UUID], batch: int, way: str, number: int, results: Any) -> None:
    """One process of two writers."""
    db.use(db.connect(url))
    work = unsafe_once if way == "unsafe" else safe_once
    done = [0] * THREADS

    def run(thread: int) -> None:
        mine = ids[(number * THREADS + thread) * 8 :][:8]
        turn = 0
        while time.perf_counter() < end:
            work(mine[turn % 8], batch)
            turn += 1
            done[thread] += batch

    run_id = time.perf_counter()
    end = run_id + SECONDS
    threads = [threading.Thread(target=run, args=(thread,)) for thread in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    results.put((sum(done), time.perf_counter() - run_id))
    db.current().close()


def safe_once(account_id: UUID, batch: int) -> None:
    """Update a row, append, commit: as every use case does."""

    def work(session: Any) -> None:
        account = session.get_one(Account, account_id)
        account.name = f"bench {new_id()}"
        for _ in range(batch):
            log.append(session, SYSTEM, Kind.NOTE_ADDED, about=log.About(account_id=account_id), payload={"n": 1})

    perform(work)


def unsafe_once(account_id: UUID, batch: int) -> None:
    """The same rows through the same kind of session, numbered by a sequence while writing."""
    fact = {"at": clock.now(), "kind": "note.added", "actor": "system", "channel": "system", "payload": '{"n":1}'}
    with Session(db.current().bind, expire_on_commit=False) as session, session.begin():
        session.get_one(Account, account_id).name = f"bench {new_id()}"
        session.flush()
        numbers = session.scalars(
            text("SELECT nextval('unsafe_numbers') FROM generate_series(1, :n)"), {"n": batch + 1}
        )
        first, *rest = numbers
        rows = [
            {"position": n, "id": new_id(), "account_id": account_id, "salt": b"s" * 16, "digest": b"d" * 32, **fact}
            for n in rest
        ]
        session.execute(insert(Interaction.__table__), rows)
        change = {"position": first, "table_name": "accounts", "row_id": account_id, "op": "upsert"}
        session.execute(insert(Change.__table__), change)
