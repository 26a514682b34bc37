"""What one order of changes costs: eight writers, the real transaction against itself with positions from a sequence.

Both run the same code and send the same statements; only where the numbers come from differs. So nothing but the wait
for the head's row is measured, and a share above 1 is the machine's mood.
"""

import multiprocessing
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from typing import Any
from uuid import UUID

from sqlalchemy import Engine, text

from bench.report import Figure
from bench.stores import store
from mcrm import db
from mcrm.accounts.models import Account
from mcrm.actors import SYSTEM
from mcrm.ids import new_id
from mcrm.interactions import log, positions
from mcrm.interactions.kinds import Kind
from mcrm.transaction import perform, transaction

SECONDS, PAIRS, PROCESSES, THREADS = 4.0, 5, 4, 2
spawned = multiprocessing.get_context("spawn")


def measure() -> Iterator[Figure]:
    """Rows per second as a share of the unsafe way, one at a time and in batches of 1,000; the median of pairs."""
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
            pairs = [(rate(url, ids, batch, "unsafe"), rate(url, ids, batch, "safe")) for _ in range(PAIRS)]
            shares = sorted(safe / unsafe for unsafe, safe in pairs)
            share = median(shares)
            unsafe, safe = (median(rates) for rates in zip(*pairs, strict=True))
            words = (
                f"{share:.2f} ({shares[0]:.2f}–{shares[-1]:.2f}): {safe:,.0f} of {unsafe:,.0f} rows/s with a sequence"
            )
            figure = Figure(f"append, 8 writers, batches of {batch}, PostgreSQL", words).at_least(share, least)
            clear = not shares[1] < least <= shares[-2]
            yield figure if clear else replace(figure, measured=f"{words}; too noisy to tell", met=None)


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
    if way == "unsafe":
        number_by_sequence()
    done = [0] * THREADS

    def run(thread: int) -> None:
        mine = ids[(number * THREADS + thread) * 8 :][:8]
        turn = 0
        while time.perf_counter() < end:
            append(mine[turn % 8], batch)
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


def append(account_id: UUID, batch: int) -> None:
    """Update a row, append, commit: as every use case does."""

    def work(session: Any) -> None:
        account = session.get_one(Account, account_id)
        account.name = f"bench {new_id()}"
        for _ in range(batch):
            log.append(session, SYSTEM, Kind.NOTE_ADDED, about=log.About(account_id=account_id), payload={"n": 1})

    perform(work)


def number_by_sequence() -> None:
    """From now on this process numbers by a sequence, without a lock: readers by position would miss rows."""
    said = str(positions._STAMP)
    for honest, unsafe in (
        ("UPDATE log_head SET position = position + :n RETURNING position - :n AS base", "SELECT :n AS base"),
        ("SELECT base + nr", "SELECT nextval('unsafe_numbers')"),
        ("SELECT base + :facts + nr", "SELECT nextval('unsafe_numbers') + 0 * :facts"),
    ):
        if honest not in said:
            raise RuntimeError("the statement that gives out positions has changed: change this bench too")
        said = said.replace(honest, unsafe)
    positions._STAMP = text(said)
