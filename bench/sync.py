"""Offline sync: a first sync of 10,000 rows, an empty one, a push of 500 records, and pulls while eight write."""

import gzip
import json
import statistics
import threading
import time
import tracemalloc
from collections.abc import Iterator
from itertools import count
from typing import Any
from uuid import UUID

from flask import Flask

from bench.report import Figure, percentile
from bench.stores import store
from mcrm import clock
from mcrm.accounts.models import Account
from mcrm.actors import Role
from mcrm.api.ratelimit import Rate
from mcrm.api.state import EXTENSION
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.ids import new_id
from mcrm.territories.models import Territory
from mcrm.transaction import insert_rows, transaction
from tests import doors
from tests.callers import Caller, as_staff
from tests.cast import a_product, a_territory

ROWS, PEOPLE = 10_000, 3_330
WRITERS, WRITES = 8, 40
_numbers = count(1)


def measure() -> Iterator[Figure]:
    """On both databases."""
    for name in ("sqlite", "postgresql"):
        with store(name):
            app = doors.make_app()
            app.extensions[EXTENSION].by_actor.rate = Rate(per_second=10**6, burst=10**6)
            with app.test_client() as client:
                with transaction() as session:
                    west = a_territory(session)
                    espresso = a_product(session, stock=10**6)
                people = populate(west)
                sam = as_staff(client, Role.REP, [west], name="Sam Doyle")
                yield from first_sync(name, sam)
                yield empty_sync(name, sam)
                yield from push(name, app, sam, people, espresso.id)
                yield writers(name, app, sam, people)


def populate(territory: Territory) -> list[UUID]:
    """Accounts, contacts and numbers in one territory, 10,000 rows in all, as an import leaves them; the contacts."""
    made: list[UUID] = []
    for start in range(0, PEOPLE, 333):
        now = clock.now()
        dated = {"rev": 1, "created_at": now, "updated_at": now, "custom": {}}
        accounts, contacts, points = [], [], []
        for n in range(start, min(start + 333, PEOPLE)):
            account_id, contact_id = new_id(), new_id()
            name = f"{('Rosa', 'Tom', 'Mei', 'Ben')[n % 4]} {('Bianchi', 'Reilly', 'Lin')[n % 3]} {n}"
            accounts.append({**dated, "id": account_id, "name": name, "kind": "person", "territory_id": territory.id})
            contacts.append({**dated, "id": contact_id, "name": name, "account_id": account_id})
            address = f"+44770090{n:05d}"
            point = {"channel": "sms", "address": address, "state": "active", "contact_id": contact_id}
            points.append({**{k: v for k, v in dated.items() if k != "custom"}, "id": new_id(), **point})
        with transaction() as session:
            insert_rows(session, Account, accounts)
            insert_rows(session, Contact, contacts)
            insert_rows(session, ContactPoint, points)
        made += [row["id"] for row in contacts]
    return made


def pulled(sam: Caller, cursor: int, limit: int = 2000) -> tuple[dict[str, Any], int]:
    """One page, and its bytes on the wire."""
    headers = {**sam.headers, "Accept-Encoding": "gzip"}
    answer = sam.client.get(f"/v1/sync?last_pulled_at={cursor}&limit={limit}", headers=headers)
    assert answer.status_code == 200, answer.text
    raw = answer.data
    body = gzip.decompress(raw) if answer.headers.get("Content-Encoding") == "gzip" else raw
    return json.loads(body), len(raw)


def whole(sam: Caller) -> tuple[int, int, float]:
    """A first sync in pages: rows, bytes, seconds of processor time in this process."""
    rows = size = cursor = 0
    began = time.process_time()
    while True:
        body, length = pulled(sam, cursor)
        rows += sum(len(lists["updated"]) for lists in body["changes"].values())
        size, cursor = size + length, body["timestamp"]
        if not body["has_more"]:
            return rows, size, time.process_time() - began


def first_sync(name: str, sam: Caller) -> Iterator[Figure]:
    """Three times, the best of them; the client's own unpacking is in the time. Then once for the memory."""
    runs = [whole(sam) for _ in range(3)]
    rows, size, seconds = min(runs, key=lambda run: run[2])
    assert rows >= ROWS - 10, rows
    per_row = size / rows
    yield Figure(f"first sync of {rows:,} rows, {name}", f"{seconds:.2f} s CPU").at_most(seconds, 3, "s")
    yield Figure(f"bytes a row with gzip, {name}", f"{per_row:.0f} B").at_most(per_row, 60, "B")
    tracemalloc.start()
    whole(sam)
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    yield Figure(f"memory of a first sync at its peak, {name}", f"{peak:.1f} MB")


def empty_sync(name: str, sam: Caller) -> Figure:
    """Nothing is new: all of the request, as the client sees it."""
    cursor = 0
    while True:
        body, _ = pulled(sam, cursor, 10_000)
        cursor = body["timestamp"]
        if not body["has_more"]:
            break
    spent = []
    for _ in range(100):
        began = time.process_time()
        _, size = pulled(sam, cursor)
        spent.append((time.process_time() - began) * 1000)
    p95 = percentile(spent, 0.95)
    return Figure(f"empty sync ({size} B), {name}", f"p95 {p95:.1f} ms CPU").at_most(p95, 15, "ms")


def push(name: str, app: Flask, sam: Caller, people: list[UUID], product_id: UUID) -> Iterator[Figure]:
    """500 records (edits, notes, orders of one line), while another client writes and waits."""
    waits: list[float] = []
    stopping = threading.Event()

    def write() -> None:
        ada = as_staff(app.test_client(), Role.ADMIN)
        while not stopping.is_set():
            began = time.perf_counter()
            answer = ada.post("/v1/accounts", {"name": f"Beside {next(_numbers)}"})
            assert answer.status_code in {201, 503}
            waits.append(time.perf_counter() - began)
            stopping.wait(0.005)

    changes = a_push(people, product_id)
    beside = threading.Thread(target=write)
    beside.start()
    time.sleep(0.3)
    began, cpu_began = time.perf_counter(), time.thread_time()
    answer = sam.post("/v1/sync", {"changes": changes})
    seconds, cpu = time.perf_counter() - began, time.thread_time() - cpu_began
    stopping.set()
    beside.join()
    assert answer.status_code == 200, answer.text
    assert answer.json["errors"] == [], answer.json["errors"][:3]
    yield Figure(f"push of 500 records, {name}", f"{cpu:.2f} s CPU, {seconds:.2f} s")
    yield Figure(f"longest wait of another writer meanwhile, {name}", f"{max(waits):.2f} s")


def a_push(people: list[UUID], product_id: UUID) -> dict[str, Any]:
    """200 edits, 200 notes, 50 orders with a line each."""
    edits = [
        {"id": str(id_), "rev": 1, "notes": "Likes it dark.", "_status": "updated", "_changed": "notes"}
        for id_ in people[:200]
    ]
    notes = [
        {"id": str(new_id()), "kind": "call.logged", "contact_id": str(id_), "text": "Called."} for id_ in people[:200]
    ]
    orders = [{"id": str(new_id()), "contact_id": str(id_)} for id_ in people[:50]]
    lines = [
        {"id": str(new_id()), "order_id": order["id"], "product_id": str(product_id), "quantity": 1} for order in orders
    ]
    return {
        "contacts": {"updated": edits},
        "interactions": {"created": notes},
        "orders": {"created": orders},
        "order_lines": {"created": lines},
    }


def writers(name: str, app: Flask, sam: Caller, people: list[UUID]) -> Figure:
    """Incremental pulls while eight threads of the back office edit contacts; and none of their edits is missed."""
    cursor = pulled(sam, 0, 10_000)[0]["timestamp"]
    while (page := pulled(sam, cursor, 10_000)[0])["has_more"]:
        cursor = page["timestamp"]
    cursor = page["timestamp"]
    callers = [as_staff(app.test_client(), Role.ADMIN) for _ in range(WRITERS)]
    told: set[tuple[str, str]] = set()

    def write(number: int) -> None:
        for n in range(WRITES):
            id_, words = people[(number * WRITES + n) % len(people)], f"{number}-{n}"
            if callers[number].patch(f"/v1/contacts/{id_}", {"locale": "en-GB", "notes": words}).status_code == 200:
                told.add((str(id_), words))

    threads = [threading.Thread(target=write, args=(n,)) for n in range(WRITERS)]
    for thread in threads:
        thread.start()
    heard: set[tuple[str, str]] = set()
    spent: list[float] = []
    while True:
        over = not any(thread.is_alive() for thread in threads)
        began = time.perf_counter()
        body, _ = pulled(sam, cursor)
        spent.append((time.perf_counter() - began) * 1000)
        cursor = body["timestamp"]
        heard |= {(raw["id"], raw["notes"]) for raw in body["changes"].get("contacts", {"updated": []})["updated"]}
        if over and not body["has_more"]:
            break
    missed = len(told - heard)
    figure = Figure(
        f"pull beside {WRITERS} writers ({len(told)} edits), {name}",
        f"median {statistics.median(spent):.0f} ms, {missed} missed",
    )
    return figure.judged("0 missed", missed == 0)
