"""Importing past orders. What is already there is looked up, never remembered: a second run finds nothing to do.

So a run that was killed is simply run again. Orders arrive delivered and settled; no stock moves, nobody is told.
"""

import csv
import gc
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.orders.models import ImportRun
from mcrm.orders.rows import FORMULA, Cleaner, FileRefused, Line, Refusal, look_at, opened
from mcrm.orders.storing import Store
from mcrm.transaction import perform

KIND = "orders"
LONGEST_LOCK_S = 0.05
FIRST, FEWEST, MOST = 25, 50, 1000  # rows
AIM_S, SHRINK, GROWTH = 0.6 * LONGEST_LOCK_S, 0.5, 1.25
Verdicts = list[tuple[int, str, str, str]]


def import_orders(
    path: Path,
    *,
    currency: str,
    timezone: str,
    progress: Callable[[int, int], None] | None = None,
    report: Path | None = None,
    pace: "Pace | None" = None,
) -> dict[str, Any]:
    """Import the file and say how every line ended; `progress(lines, new)` is called after each commit.

    Raises FileRefused for a file, currency or zone that cannot be used. The report (default
    `var/<name>.report.csv`) names every line of the file with its outcome and reason. `pace` tells afterwards how long
    the longest transaction was.
    """
    if not (len(currency) == 3 and currency.isascii() and currency.isalpha() and currency.isupper()):
        raise FileRefused(f"{currency} is not a currency code of three capital letters")
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise FileRefused(f"{timezone} is not a time zone") from None
    source = look_at(path)
    report = report or Path("var") / f"{path.stem}.report.csv"
    report.parent.mkdir(parents=True, exist_ok=True)
    unfinished = report.with_name(report.name + ".part")
    run = _Run(Store(currency), f"{source.fingerprint}:{currency}:{timezone}", path.name, pace or Pace())
    cleaner = Cleaner(currency, zone)
    with opened(source) as rows, unfinished.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("line", "invoice", "outcome", "reason"))
        cleaned = (cleaner.line(at_line, cells) for at_line, cells in rows)
        while window := list(islice(cleaned, run.pace.size)):
            writer.writerows((line, _safe(invoice), *rest) for line, invoice, *rest in run.decide(window))
            if progress:
                progress(run.lines, len(window))
    unfinished.replace(report)
    result = run.result() | {"report": str(report)}
    perform(lambda session: _note(session, run, "finished", result))
    return result


class Pace:
    """How many rows the next transaction takes, so that nobody else waits for longer than `LONGEST_LOCK_S`.

    Rows differ (a new customer costs ten times a further line) and so does the disk, hence the room that `AIM_S`
    leaves. The size follows what the last transaction took, in small steps up and by half at most down; below `FEWEST`
    nearly all is the flush, which fewer rows would not shorten.
    """

    def __init__(self) -> None:
        """Begin with a few: the first transaction also builds every statement."""
        self.size = FIRST
        self.longest_s = 0.0

    def held(self, seconds: float) -> None:
        """A transaction held the lock for so long: set the next size."""
        self.longest_s = max(self.longest_s, seconds)
        fitting = int(self.size * min(GROWTH, max(SHRINK, AIM_S / max(seconds, 1e-6))))
        self.size = max(FEWEST, min(MOST, fitting))


class _Run:
    """The counts of one run, and the pace it goes at."""

    def __init__(self, store: Store, fingerprint: str, file_name: str, pace: Pace) -> None:
        self.store, self.fingerprint, self.file_name = store, fingerprint, file_name
        self.lines, self.pace = 0, pace
        self.began = 0.0
        self.outcomes: Counter[str] = Counter()
        self.reasons: Counter[str] = Counter()

    def decide(self, window: list[Line | Refusal]) -> Verdicts:
        """Store what is new of these rows in one transaction; every row's verdict, in the file's order."""
        lines = [row for row in window if isinstance(row, Line)]

        def work(session: Session) -> dict[int, tuple[str, str]]:
            self.began = time.monotonic()
            found = self.store.store(session, lines)
            _note(session, self, "running", {}, self.lines + len(window))
            return found

        with _without_collecting():
            stored = perform(work)
        self.store.keep()
        self.pace.held(time.monotonic() - self.began)
        self.lines += len(window)
        verdicts: Verdicts = []
        for row in window:
            if isinstance(row, Refusal):
                outcome, reason = ("skipped" if row.reason == "no-customer" else "rejected"), row.reason
            else:
                outcome, reason = stored[row.at_line]
            self.outcomes[outcome] += 1
            if outcome != "imported":
                self.reasons[reason] += 1
            verdicts.append((row.at_line, row.invoice, outcome, reason))
        return verdicts

    def result(self) -> dict[str, Any]:
        """How the lines ended; the three outcomes add up to `lines`."""
        outcomes = {name: self.outcomes[name] for name in ("imported", "skipped", "rejected")}
        return {"lines": self.lines, **outcomes, "reasons": dict(sorted(self.reasons.items()))}


@contextmanager
def _without_collecting() -> Iterator[None]:
    """Python's collector waits until the lock is given back: its full round alone takes longer than we may hold it."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _note(session: Session, run: _Run, state: str, result: dict[str, Any], done: int | None = None) -> None:
    """Keep how far this file came; a file that was finished before stays as it was."""
    query = select(ImportRun).where(ImportRun.kind == KIND, ImportRun.fingerprint == run.fingerprint)
    row = session.scalar(query)
    if row is None:
        row = ImportRun(kind=KIND, fingerprint=run.fingerprint, file_name=run.file_name, state=state, done=0)
        session.add(row)
    if row.finished_at is None:
        row.done = max(row.done, run.lines if done is None else done)
        row.state, row.result = state, result
        row.finished_at = clock.now() if state == "finished" else None


def _safe(text: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def total_lines(path: Path) -> int:
    """Roughly how many rows the file has, for a progress bar: its line ends, without the heading."""
    with path.open("rb") as file:
        pieces: Iterable[bytes] = iter(lambda: file.read(1 << 18), b"")
        return max(0, sum(piece.count(b"\n") for piece in pieces) - 1)
