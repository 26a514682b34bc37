"""The engines turn on whatever happens around them."""

import threading
from datetime import timedelta

from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.db import Database
from mcrm.transaction import TOPIC_ENGINES
from mcrm.wakeup import Listener
from mcrm.worker import Engine, EngineWorker


def test_a_clock_that_is_set_back_does_not_keep_an_engine_still(committed: Database) -> None:
    turned = threading.Semaphore(0)

    def step(session: Session) -> bool:
        turned.release()
        return False

    listener = Listener(committed, {TOPIC_ENGINES})
    worker = EngineWorker((Engine("sweep", step, every_s=0.01),), listener)
    with clock.stopped(clock.now()):
        worker.start()
        assert turned.acquire(timeout=20)
        clock.advance(timedelta(hours=-1))
        listener.bell(TOPIC_ENGINES).ring()
        assert turned.acquire(timeout=20)
    worker.stop()
    listener.close()
