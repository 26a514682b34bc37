"""Turns the engines: each has a `step` that does one unit of work in a transaction and says whether there was any."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Select, delete, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access import counters
from mcrm.access.models import IdempotencyKey
from mcrm.bulk import forgetting as imports
from mcrm.bulk.models import UNDER_WAY, Import
from mcrm.bulkchanges.models import BulkChange, ChangeState
from mcrm.config import Limits
from mcrm.contacts.models import LinkToken
from mcrm.db import reading
from mcrm.deliveries import leasing, rates
from mcrm.inbox import returning
from mcrm.leads import escalating
from mcrm.leases import service as leases
from mcrm.offers import announcing
from mcrm.orders import cancelling
from mcrm.privacy import copying, erasing
from mcrm.quotes import service as quotes
from mcrm.rounds import handing_on
from mcrm.settings_store import service as settings_store
from mcrm.settings_store.catalogue import ORDER_HOLD_HOURS
from mcrm.sync import forgetting, tickling
from mcrm.targets import service as targets
from mcrm.tasks import reminding
from mcrm.transaction import TOPIC_ENGINES, perform
from mcrm.visits import expiring
from mcrm.wakeup import Listener

log = logging.getLogger(__name__)
Step = Callable[[Session], bool]
IDLE_S = 5.0
AFTER_FAILURE_S = 1.0
COUNTERS_KEPT = timedelta(days=2)
ADDRESSES_KEPT = timedelta(hours=1)
LINKS_KEPT = timedelta(days=1)
IMPORTS_KEPT = timedelta(days=30)
PAGE = 1000
CHANGING = BulkChange.state == ChangeState.RUNNING.value


@dataclass(frozen=True, slots=True)
class Engine:
    """A named step, and how often it is looked at in seconds when nothing wakes it (0: at every wake-up).

    `turn` stands for steps that have work to do outside of any transaction, and open their own.
    """

    name: str
    step: Step | None = None
    every_s: float = 0.0
    turn: Callable[[], bool] | None = None

    def work(self) -> bool:
        """Do one unit of work; whether there was any."""
        if self.turn is not None:
            return self.turn()
        assert self.step is not None
        return perform(self.step)


def engines(
    limits: Limits, *, order_hold_hours: int = 0, public_url: str = "", business: str = ""
) -> tuple[Engine, ...]:
    """Every engine of the house, written out.

    `order_hold_hours`: how long an order may wait to be confirmed while no run-time setting says; 0 for ever.
    `public_url` is where links lead, `business` the name on what people get.
    """
    answers_kept = timedelta(hours=limits.idempotency_hours)
    return (
        Engine("announcements", announcing.step),
        Engine("quotes-over", quotes.expire, every_s=30.0),
        Engine("orders-unconfirmed", partial(unconfirmed, order_hold_hours), every_s=30.0),
        Engine("stock-leases-over", leases.expire, every_s=30.0),
        Engine("leads-overdue", escalating.step, every_s=10.0),
        Engine("targets", turn=targets.refresh, every_s=60.0),
        Engine("imports", turn=Seldom(select(Import.id).where(Import.state.in_(UNDER_WAY)), _imports)),
        Engine("bulk-changes", turn=Seldom(select(BulkChange.id).where(CHANGING), _bulk_changes)),
        Engine("task-reminders", reminding.step, every_s=10.0),
        Engine("conversations-left-alone", returning.step, every_s=30.0),
        Engine("data-copies", turn=partial(copying.turn, public_url=public_url, business=business)),
        Engine("erasures", turn=erasing.turn, every_s=30.0),
        Engine("work-handed-on", handing_on.step, every_s=30.0),
        Engine("forget-positions", expiring.step, every_s=600.0),
        Engine("tickles", tickling.step, every_s=tickling.EVERY_S),
        Engine("forget-changes", forgetting.step, every_s=60.0),
        Engine("forget-edits", forgetting.forget_edits, every_s=3600.0),
        Engine("sweep", sweep, every_s=5.0),
        Engine("forget-counters", forget_counters, every_s=3600.0),
        Engine("forget-addresses", forget_addresses, every_s=3600.0),
        Engine("forget-answers", partial(forget_answers, answers_kept), every_s=600.0),
        Engine("forget-links", forget_links, every_s=3600.0),
        Engine("forget-imports", forget_imports, every_s=3600.0),
    )


class Seldom:
    """The turn of an engine that seldom has work: what it takes is only loaded once there is some."""

    def __init__(self, due: Select[Any], load: Callable[[], Callable[[], bool]]) -> None:
        """`due` finds a row while there is work; `load` gives the turn proper."""
        self._due, self._load = due.limit(1), load
        self._turn: Callable[[], bool] | None = None

    def __call__(self) -> bool:
        """One unit of work; whether there was any."""
        if self._turn is None:
            with reading() as session:
                if session.scalar(self._due) is None:
                    return False
            self._turn = self._load()
        return self._turn()


def _imports() -> Callable[[], bool]:
    from mcrm.bulk.running import Runner

    return Runner().turn


def _bulk_changes() -> Callable[[], bool]:
    from mcrm.bulkchanges import service

    return partial(perform, service.step)


def unconfirmed(usual_hours: int, session: Session) -> bool:
    """An order that nobody confirmed in time is cancelled."""
    said = settings_store.value(session, ORDER_HOLD_HOURS)
    hours = usual_hours if said is None else int(said)
    return hours > 0 and cancelling.expire(session, timedelta(hours=hours))


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


def forget_imports(session: Session) -> bool:
    """Drop files and reports of old imports: they are full of people's data."""
    return imports.forget(session, before=clock.now() - IMPORTS_KEPT)


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
        self._bell.ring()
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
            worked = engine.work()
        except Exception as error:  # one engine's failure must not stop the others
            log.exception("the engine %s failed: %s", engine.name, type(error).__name__)
            self._stopping.wait(AFTER_FAILURE_S)
            return False
        if not worked:
            self._next_s[engine.name] = now_s + engine.every_s
        return worked
