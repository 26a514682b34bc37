"""Turns the engines: each has a `step` that does one unit of work in a transaction and says whether there was any."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access import counters
from mcrm.access.models import IdempotencyKey
from mcrm.config import Limits
from mcrm.contacts.models import LinkToken
from mcrm.deliveries import leasing, rates
from mcrm.offers import announcing
from mcrm.sync import forgetting, tickling
from mcrm.transaction import TOPIC_ENGINES, perform
from mcrm.wakeup import Listener

log = logging.getLogger(__name__)
Step = Callable[[Session], bool]
IDLE_S = 5.0
AFTER_FAILURE_S = 1.0
COUNTERS_KEPT = timedelta(days=2)
ADDRESSES_KEPT = timedelta(hours=1)
LINKS_KEPT = timedelta(days=1)
PAGE = 1000


@dataclass(frozen=True, slots=True)
class Engine:
    """A named step, and how often it is looked at in seconds when nothing wakes it (0: at every wake-up)."""

    name: str
    step: Step
    every_s: float = 0.0


def engines(limits: Limits) -> tuple[Engine, ...]:
    """Every engine of the house, written out."""
    answers_kept = timedelta(hours=limits.idempotency_hours)
    return (
        Engine("announcements", announcing.step),
        Engine("tickles", tickling.step, every_s=tickling.EVERY_S),
        Engine("forget-changes", forgetting.step, every_s=60.0),
        Engine("forget-edits", forgetting.forget_edits, every_s=3600.0),
        Engine("sweep", sweep, every_s=5.0),
        Engine("forget-counters", forget_counters, every_s=3600.0),
        Engine("forget-addresses", forget_addresses, every_s=3600.0),
        Engine("forget-answers", partial(forget_answers, answers_kept), every_s=600.0),
        Engine("forget-links", forget_links, every_s=3600.0),
    )


def sweep(session: Session) -> bool:
    """Deliveries whose worker vanished become unknown."""
    return leasing.sweep(session, now=clock.now()) > 0


def forget_counters(session: Session) -> bool:
    """Drop windows of tries that nobody asks about any more."""
    counters.forget(session, before=clock.now() - COUNTERS_KEPT)
    return False


def forget_addresses(session: Session) -> bool:
    """Drop the rate buckets of addresses that nobody wrote to lately."""
    rates.forget_addresses(session, before=clock.now() - ADDRESSES_KEPT)
    return False


def forget_answers(kept: timedelta, session: Session) -> bool:
    """Drop the answers kept for idempotency keys, a thousand at a time; whether there may be more."""
    return _drop(session, IdempotencyKey, IdempotencyKey.created_at < clock.now() - kept)


def forget_links(session: Session) -> bool:
    """Drop one-time links that nobody can use any more."""
    return _drop(session, LinkToken, LinkToken.expires_at < clock.now() - LINKS_KEPT)


def _drop(session: Session, model: type[IdempotencyKey | LinkToken], old: ColumnElement[bool]) -> bool:
    """In pages, so that no writer waits for long."""
    some = select(model.id).where(old).limit(PAGE)
    result = session.execute(delete(model).where(model.id.in_(some)).execution_options(synchronize_session=False))
    return int(result.rowcount) == PAGE  # type: ignore[attr-defined]


class EngineWorker:
    """One thread that turns all engines, each until it has nothing to do."""

    def __init__(self, turned: tuple[Engine, ...], listener: Listener) -> None:
        """Make it after any fork."""
        self._engines = turned
        self._bell = listener.bell(TOPIC_ENGINES)
        self._next_s = dict.fromkeys((engine.name for engine in turned), 0.0)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="engines", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> None:
        """Finish the unit of work in hand and end."""
        self._stopping.set()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while not self._stopping.is_set():
            heard = self._bell.rings
            worked = [self._turn(engine) for engine in self._engines]
            if not any(worked) and not self._stopping.is_set():
                self._bell.wait(heard, IDLE_S)

    def _turn(self, engine: Engine) -> bool:
        now_s = time.monotonic()  # a wall clock that is set back would keep the engine still for as long
        if engine.every_s and now_s < self._next_s[engine.name]:
            return False
        try:
            worked = perform(engine.step)
        except Exception as error:  # one engine's failure must not stop the others
            log.exception("the engine %s failed: %s", engine.name, type(error).__name__)
            self._stopping.wait(AFTER_FAILURE_S)
            return False
        if not worked:
            self._next_s[engine.name] = now_s + engine.every_s
        return worked
