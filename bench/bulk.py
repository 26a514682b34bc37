"""Files in and out: contacts with a phone and a mail each, exported and imported, and how much memory that takes."""

import csv
import resource
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from sqlalchemy import BigInteger, Column, Engine, MetaData, Table, Text

from bench.report import Figure
from bench.stores import store
from mcrm import tables
from mcrm.bulk import exporting, service
from mcrm.bulk.acting import COMMAND_LINE
from mcrm.bulk.running import Runner
from mcrm.bulk.sheets import look
from mcrm.db import current
from mcrm.inserting import insert_many
from mcrm.transaction import transaction

ROWS = 100_000
WARM = 5_000
PAGE = 1_000
HEADER = ["number", "name", "phone", "email", "country", "notes"]
assert tables.metadata


def measure() -> Iterator[Figure]:
    """Rows a second each way on both databases, the longest transaction, and how far memory grows with the file.

    Beside it the least that any import could cost: the same rows, unread, in one table without a log.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "contacts.csv"
        write(path)
        for name in ("sqlite", "postgresql"):
            with store(name):
                began, cpu = time.perf_counter(), time.process_time()
                runner, grown_mb = _import(path)
                took_s = time.perf_counter() - began
                cpu_s = time.process_time() - cpu
                words = f"{ROWS / took_s:,.0f} rows/s, {ROWS / cpu_s:,.0f} a second of our processor time"
                yield Figure(f"import of {ROWS:,} contacts, {name}", words).at_most(took_s, 60, "s")
                longest_ms = runner.pace.longest_s * 1000
                yield Figure(f"longest transaction of that import, {name}", f"{longest_ms:.0f} ms").at_most(
                    longest_ms, 50, "ms"
                )
                yield Figure(f"memory grown by that import, {name}", f"{grown_mb:.0f} MB").at_most(grown_mb, 60, "MB")
                yield _export(Path(folder) / "out.csv", name)
                bare_s = _bare(path)
                times = f"{cpu_s / bare_s:.1f} times the processor time of"
                yield Figure(
                    f"that import beside rows put bare into one table, {name}", f"{times} {ROWS / bare_s:,.0f}/s"
                )


def _import(path: Path) -> tuple[Runner, float]:
    """The runner, and by how many MB the process grew from row WARM to the last."""
    sheet = look(path, "csv")
    with transaction() as session:
        job = service.upload(session, COMMAND_LINE, sheet, resource="contacts", file_name=path.name, region="GB")
        service.start(session, COMMAND_LINE, job, dry_run=False)
    runner, before = Runner(), 0.0
    windows = 0
    while runner.turn():
        windows += 1
        if not before and windows * runner.pace.size > WARM:
            before = _peak_mb()
    return runner, _peak_mb() - before


def _bare(path: Path) -> float:
    """Seconds of our processor time to read the file and put its rows into one table, as they are."""
    words = Table("bare", MetaData(), Column("n", BigInteger, primary_key=True), *(Column(c, Text) for c in HEADER))
    engine = current().bind
    assert isinstance(engine, Engine)
    words.create(engine)
    began = time.process_time()
    with path.open(newline="") as file:
        rows = csv.DictReader(file)
        for start in range(0, ROWS, PAGE):
            with engine.begin() as connection:
                page = [{"n": start + n, **row} for n, row in enumerate(islice(rows, PAGE))]
                insert_many(connection, words, page)
    return time.process_time() - began


def _export(path: Path, name: str) -> Figure:
    before, began = _peak_mb(), time.perf_counter()
    with path.open("wb") as out:
        count = exporting.write_csv(exporting.rows(COMMAND_LINE, "contacts"), out)
    took_s = time.perf_counter() - began
    assert count == ROWS
    words = f"{count / took_s:,.0f} rows/s, memory grown {_peak_mb() - before:.0f} MB"
    return Figure(f"export of {count:,} contacts, {name}", words).at_most(took_s, 60, "s")


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def write(path: Path) -> None:
    """Private persons, each with a number, a phone and a mail address."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(HEADER)
        for n in range(ROWS):
            phone = f"+4477{n // 10_000:02}9{n % 10_000:05}"
            rows.writerow([f"K{n}", f"Person {n}", phone, f"person{n}@example.com", "GB", "Likes it dark."])
