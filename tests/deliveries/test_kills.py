"""The worker's process killed at random moments under load: counted from what the carriers accepted."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select, update

from mcrm import clock
from mcrm.actors import SYSTEM
from mcrm.db import Database, reading
from mcrm.deliveries import outbox
from mcrm.deliveries.models import Delivery, DeliveryState
from mcrm.transaction import transaction
from tests.cast import a_customer
from tests.deliveries.carriers import outcomes, point_of
from tests.doors import ENVIRONMENT
from tests.sandbox_fixture import Carrier

HOUSE = Path(__file__).parents[2]
ROUNDS, MESSAGES = 20, 60
OPEN = [DeliveryState.QUEUED.value, DeliveryState.SENDING.value, DeliveryState.UNKNOWN.value]


def start(database: Database, carrier: Carrier) -> subprocess.Popen[bytes]:
    assert isinstance(database.bind, Engine)
    url = database.bind.url.set(drivername="sqlite" if database.is_sqlite else "postgresql")
    settings = {
        "MCRM_DATABASE_URL": url.render_as_string(hide_password=False),
        "MCRM_LIMIT_SMS_SEGMENTS_PER_SECOND": "1000",
        "MCRM_LIMIT_TELEGRAM_PER_SECOND": "1000",
    }
    environment = os.environ | ENVIRONMENT | carrier.environment() | settings
    return subprocess.Popen(
        [sys.executable, "-m", "cli", "worker"], cwd=HOUSE, env=environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


def queue_some(round_: int) -> None:
    with transaction() as work:
        for n in range(MESSAGES // 3):
            name = f"{round_}-{n}"
            who = a_customer(
                work,
                name,
                phone=f"+44770{round_:03}{n:04}",
                telegram=7_000_000 + round_ * 1000 + n,
                push=f"token-{name}",
            )
            for channel in ("sms", "telegram", "push"):
                outbox.queue(
                    work,
                    SYSTEM,
                    channel=channel,
                    contact_point_id=point_of(work, who, channel).id,
                    contact_id=who.id,
                    text=f"{channel} {name}",
                    kind="order.shipped",
                    title="Harbour & Pine",
                )


def hurry(*states: DeliveryState) -> None:
    """What waits for a dead worker's lease to run out, or for a receipt, waits no longer."""
    with transaction() as work:
        past = clock.now() - timedelta(seconds=1)
        work.execute(update(Delivery).where(Delivery.state.in_(states)).values(lease_until=past, not_before=past))


def still_open() -> int:
    with reading() as session:
        return len(session.scalars(select(Delivery.id).where(Delivery.state.in_(OPEN))).all())


@pytest.mark.soak
def test_a_worker_killed_twenty_times_loses_nothing_and_doubles_only_what_was_in_doubt(
    committed: Database, carrier: Carrier
) -> None:
    carrier.fault("twilio", "latency", ms=20)
    carrier.fault("fcm", "latency", ms=20)
    for round_ in range(ROUNDS):
        queue_some(round_)
        worker = start(committed, carrier)
        time.sleep(2.0 + random.uniform(0, 1.5))
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    hurry(DeliveryState.QUEUED, DeliveryState.SENDING)
    worker = start(committed, carrier)
    deadline = time.monotonic() + 120
    while still_open():
        assert time.monotonic() < deadline, f"{still_open()} are stuck"
        hurry(DeliveryState.UNKNOWN)
        time.sleep(3)
    worker.terminate()
    assert worker.wait(25) == 0
    accepted = Counter(item["body"].removeprefix("Harbour & Pine\n") for item in carrier.messages())
    with reading() as session:
        deliveries = session.scalars(select(Delivery)).all()
        doubtful = {one.text for one in deliveries if any("unknown" in said for said in outcomes(one))}
    assert len(deliveries) == ROUNDS * MESSAGES
    assert {one.state for one in deliveries} <= {"accepted", "delivered", "failed"}
    assert {one.text for one in deliveries if one.state == "failed"} <= doubtful
    assert {text for text, times in accepted.items() if times > 1} <= doubtful
    assert {one.text for one in deliveries} - set(accepted) <= doubtful
    assert [text for text, times in accepted.items() if times > 1 and text.startswith("sms")] == []  # Twilio was asked
    print(f"{len(deliveries)} deliveries, {len(doubtful)} in doubt, {sum(accepted.values()) - len(accepted)} doubled")
