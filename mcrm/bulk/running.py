"""Running imports, a window of rows a transaction: whoever runs one, however often it is killed, a row ends once.

The window is read and made into values before the transaction opens; within it the import's row is locked, and a
window that somebody else has decided meanwhile is let go.
"""

import hashlib
import logging
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import islice
from pathlib import Path
from typing import cast
from uuid import UUID

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.bulk import goods, people, undoing
from mcrm.bulk.acting import MAY_BRING, actor_of, require
from mcrm.bulk.cells import Reading
from mcrm.bulk.errors import FileUnreadable, NotYours
from mcrm.bulk.forgetting import forget_file
from mcrm.bulk.models import UNDER_WAY, Import, ImportPart, ImportRow, ImportState, Outcome
from mcrm.bulk.rows import RESOURCES, Mapper, Values, Verdict
from mcrm.bulk.sheets import Cells, Sheet, check_size, rows_of
from mcrm.db import reading
from mcrm.inserting import insert_many
from mcrm.interactions import log as interactions
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.orders.importing import Pace
from mcrm.scratch import scratch_folder
from mcrm.transaction import perform

log = logging.getLogger(__name__)
MOST_FAILURES = 3
REPEATED = Verdict(
    Outcome.REJECTED, "import.repeated-row", "", "A row above means the same, or holds the same address."
)
Window = list[tuple[int, Values | Verdict]]

DECIDE = {
    "contacts": people.decide,
    "products": goods.decide_products,
    "prices": goods.decide_prices,
    "stock": goods.decide_stock,
}
KEYS: dict[str, Callable[[Values], list[str]]] = {
    "contacts": people.keys,
    "products": goods.product_keys,
    "prices": goods.price_keys,
    "stock": goods.stock_keys,
}


class Runner:
    """Turns whatever import is under way; keeps the file of the one at hand open between two windows."""

    def __init__(self) -> None:
        """Nothing is open yet."""
        self._open: _Opened | None = None
        self._failures: Counter[UUID] = Counter()
        self.pace = Pace()

    def turn(self, import_id: UUID | None = None) -> bool:
        """One window of the oldest import under way (or of that one); False when there is none."""
        query = select(Import).where(Import.state.in_(UNDER_WAY)).order_by(Import.id).limit(1)
        with reading() as session:
            job = session.scalar(query if import_id is None else query.where(Import.id == import_id))
        if job is None:
            self.close()
            return False
        try:
            self._take(job)
            self._failures.pop(job.id, None)
        except FileUnreadable as error:
            self.close()
            perform(partial(_fail, job.id, error.detail))
        except Exception as error:
            self.close()
            self._failures[job.id] += 1
            if self._failures[job.id] < MOST_FAILURES:
                raise
            log.exception("the import %s failed: %s", job.id, type(error).__name__)
            perform(partial(_fail, job.id, "Something went wrong on our side."))
        return True

    def close(self) -> None:
        """Let go of the open file."""
        if self._open is not None:
            self._open.stack.close()
            self._open = None

    def _take(self, job: Import) -> None:
        if job.state == ImportState.UNDOING:
            perform(lambda session: undoing.step(session, job.id))
            return
        opened = self._open
        if opened is None or not opened.stands_at(job):
            self.close()
            opened = self._open = _Opened(job)
        size = self.pace.size
        window = opened.window(size)
        began = 0.0

        def work(session: Session) -> bool:
            nonlocal began
            began = time.monotonic()
            return _decide(session, opened, window, is_last=len(window) < size)

        if perform(work):
            opened.done += len(window)
            self.pace.held(time.monotonic() - began)
        else:
            self.close()


class _Opened:
    """A file that is being read: where its rows are, how many are decided, and what they held.

    What they held is all that grows with the file: about 100 bytes a key.
    """

    def __init__(self, job: Import) -> None:
        """Read on from the first row that is not decided; raises FileUnreadable."""
        self.id, self.run, self.done, self.resource = job.id, job.run, 0, job.resource
        self.stack = ExitStack()
        self._seen: set[bytes] = set()
        self._mapper = Mapper(RESOURCES[job.resource], job.header, job.mapping, Reading(job.decimal, job.region))
        try:
            path = _unpacked(job, self.stack)
            sheet = Sheet(path, job.format, job.encoding, job.delimiter, job.size, job.fingerprint)
            self._rows: Iterator[Cells] = self.stack.enter_context(rows_of(sheet, header=job.header))
            while self.done < job.done:
                self.done += len(self.window(min(1000, job.done - self.done))) or job.done
        except BaseException:
            self.stack.close()
            raise

    def stands_at(self, job: Import) -> bool:
        """Whether this is the file of that import's run, and read as far as its rows are decided."""
        return (self.id, self.run, self.done) == (job.id, job.run, job.done)

    def window(self, size: int) -> Window:
        """The next rows; one that means the same as a row above is rejected here, in a dry run as in a real one."""
        check_size(self.done)
        found: Window = []
        for at, cells in islice(self._rows, size):
            row = self._mapper.read(at, cells)
            found.append((at, REPEATED if isinstance(row, Values) and self._is_repeated(row) else row))
        return found

    def _is_repeated(self, row: Values) -> bool:
        keys = {hashlib.blake2b(key.encode(), digest_size=10).digest() for key in KEYS[self.resource](row)}
        if keys & self._seen:
            return True
        self._seen |= keys
        return False


def _unpacked(job: Import, stack: ExitStack) -> Path:
    """The uploaded file in a temporary folder that only we may read; it goes with `stack`."""
    path = stack.enter_context(scratch_folder()) / f"rows.{job.format}"
    parts = select(ImportPart.content).where(ImportPart.import_id == job.id).order_by(ImportPart.part)
    with path.open("wb") as file, reading() as session:
        for content in session.scalars(parts.execution_options(yield_per=1)):
            file.write(zlib.decompress(content))
    return path


def _decide(session: Session, opened: _Opened, window: Window, *, is_last: bool) -> bool:
    """Decide the window's rows; False when the import is not where this reader of its file is."""
    query = select(Import).where(Import.id == opened.id).with_for_update()
    job = session.scalar(query.execution_options(populate_existing=True))
    if job is None or job.state != ImportState.RUNNING or not opened.stands_at(job):
        return False
    actor = actor_of(session, job.user_id, job.actor)
    try:
        if actor is None:
            raise NotYours
        require(actor, MAY_BRING, job.resource)
    except NotYours as error:
        _end(session, job, ImportState.FAILED, error.detail)
        return False
    verdicts = {at: row for at, row in window if isinstance(row, Verdict)}
    rows = [row for _, row in window if isinstance(row, Values)]
    verdicts.update(_tried(session, actor, job, rows) if job.is_dry_run else _done(session, actor, job, rows))
    _write(session, job, [(at, verdicts[at]) for at, _ in window])
    if is_last:
        job.rows = job.done
        _end(session, job, ImportState.FINISHED)
        payload = {"dry_run": job.is_dry_run, **job.counts}
        interactions.append(
            session, actor, Kind.IMPORT_FINISHED, about=About(subject=("import", job.id)), payload=payload
        )
    return True


def _done(session: Session, actor: Actor, job: Import, rows: Sequence[Values]) -> dict[int, Verdict]:
    return DECIDE[job.resource](session, actor, rows, mode=job.mode, match=job.match)


def _tried(session: Session, actor: Actor, job: Import, rows: Sequence[Values]) -> dict[int, Verdict]:
    """The very same, in a savepoint that is rolled back: a dry run cannot say anything else than the real one."""
    with session.begin_nested() as savepoint:
        verdicts = _done(session, actor, job, rows)
        savepoint.rollback()
    made = Outcome.CREATED
    return {
        at: Verdict(one.outcome, one.code, one.field, one.detail, None if one.outcome is made else one.subject_id)
        for at, one in verdicts.items()
    }


def _write(session: Session, job: Import, verdicts: Sequence[tuple[int, Verdict]]) -> None:
    rows = [
        {
            "import_id": job.id,
            "run": job.run,
            "row": at,
            "outcome": one.outcome.value,
            "code": one.code,
            "field": one.field,
            "detail": one.detail,
            "subject_id": one.subject_id,
            "undo": one.undo,
        }
        for at, one in verdicts
    ]
    insert_many(session.connection(), cast(Table, ImportRow.__table__), rows)
    job.done += len(rows)
    job.counts = dict(Counter(job.counts) + Counter(row["outcome"] for row in rows))  # type: ignore[misc]


def _end(session: Session, job: Import, state: ImportState, failure: str | None = None) -> None:
    job.state, job.failure, job.finished_at = state.value, failure, clock.now()
    if not job.is_dry_run:
        forget_file(session, job)


def _fail(import_id: UUID, why: str, session: Session) -> None:
    job = session.get(Import, import_id)
    if job is not None and job.state in UNDER_WAY:
        _end(session, job, ImportState.FAILED, why)


def run_to_end(import_id: UUID, progress: Callable[[int], None] | None = None) -> Import:
    """Run (or take back) one import until it ends, here; `progress(new)` is told of every few rows."""
    runner, done = Runner(), 0
    try:
        while runner.turn(import_id):
            if progress is not None:
                with reading() as session:
                    now = session.scalar(select(Import.done).where(Import.id == import_id)) or 0
                progress(now - done)
                done = now
    finally:
        runner.close()
    with reading() as session:
        return session.get_one(Import, import_id)
