"""What requests cost in the process: user and system time, rights and all, without the server in front."""

import time
from collections.abc import Callable, Iterator

from sqlalchemy import insert, select
from werkzeug.test import TestResponse

from bench.report import Figure, percentile
from bench.stores import store
from mcrm import clock
from mcrm.accounts.models import Account
from mcrm.actors import Role
from mcrm.api.ratelimit import Rate
from mcrm.api.state import EXTENSION
from mcrm.db import reading
from mcrm.ids import new_id
from mcrm.interactions import log
from mcrm.interactions.models import Interaction, LogHead
from mcrm.transaction import transaction
from tests import doors
from tests.callers import as_staff
from tests.cast import a_customer, a_product, an_order

ROUNDS = 200
MILLION = 1_000_000


def measure() -> Iterator[Figure]:
    """List of 20, placing an order of three lines, and a timeline in a log of a million."""
    for name in ("sqlite", "postgresql"):
        with store(name):
            yield from requests(name)
            yield timeline(name)


def requests(name: str) -> Iterator[Figure]:
    """The two budgets of a request's processor time; both are asked of SQLite."""
    app = doors.make_app()
    app.extensions[EXTENSION].by_actor.rate = Rate(per_second=10**6, burst=10**6)  # else refusals would be measured
    with app.test_client() as client:
        ada = as_staff(client, Role.ADMIN)
        with transaction() as session:
            ben = a_customer(session)
            for number in range(60):
                an_order(session, ben, number=f"B{number}")
            sold = [a_product(session, code=f"P{n}", stock=10**6) for n in range(3)]
        bare = cpu_ms(lambda: answered(client.get("/livez"), 200))
        list_ms = cpu_ms(lambda: answered(ada.get("/v1/orders", limit=20), 200)) - bare
        lines = [{"product_id": str(product.id), "quantity": 1} for product in sold]
        order = {"contact_id": str(ben.id), "lines": lines}
        place_ms = cpu_ms(lambda: answered(ada.post("/v1/orders", order), 201)) - bare
    listed = Figure(f"list of 20, {name}", f"{list_ms:.1f} ms CPU")
    placed = Figure(f"place an order of 3 lines, {name}", f"{place_ms:.1f} ms CPU")
    yield listed.judged("≤ 1.5 ms", list_ms <= 1.5) if name == "sqlite" else listed
    yield placed.judged("≤ 3 ms", place_ms <= 3) if name == "sqlite" else placed


def answered(response: TestResponse, status: int) -> None:
    """Raise AssertionError for any other answer: what is refused is cheap, and no figure."""
    assert response.status_code == status, response.get_data(as_text=True)


def cpu_ms(call: Callable[[], object]) -> float:
    """Milliseconds of processor time a call, the median of 200 after ten; the test client's share is in it."""
    for _ in range(10):
        call()
    spent = []
    for _ in range(ROUNDS):
        began = time.process_time()
        call()
        spent.append((time.process_time() - began) * 1000)
    return percentile(spent, 0.5)


def timeline(name: str) -> Figure:
    """The latest 50 of one contact among a million interactions of 1,000 contacts."""
    contacts = [new_id() for _ in range(1000)]
    with transaction() as session:
        account_id = session.scalar(select(Account.id).limit(1))
        head = log.head(session)[1]
    fact = {"at": clock.now(), "kind": "note.added", "actor": "system", "channel": "system", "payload": "{}"}
    for start in range(0, MILLION, 20_000):
        rows = [
            fact
            | {"position": head + 1 + n, "id": new_id(), "contact_id": contacts[n * 7919 % 1000]}
            | {"account_id": account_id, "salt": b"s" * 16, "digest": b"d" * 32}
            for n in range(start, start + 20_000)
        ]
        with transaction() as session:
            session.connection().execute(insert(Interaction.__table__), rows)
            session.get_one(LogHead, 1).position = head + start + 20_000
    spent = []
    for contact_id in contacts[:200]:
        began = time.perf_counter()
        with reading() as session:
            assert len(log.timeline(session, [contact_id], limit=50)) == 50
        spent.append((time.perf_counter() - began) * 1000)
    p95 = percentile(spent, 0.95)
    return Figure(f"timeline of 50 in a million, {name}", f"p95 {p95:.1f} ms", "p95 ≤ 10 ms", p95 <= 10)
