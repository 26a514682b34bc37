"""The running demo under load: start, memory, and from a signed webhook to what the provider accepted."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Engine

from bench import inbound
from bench.report import Figure, percentile
from bench.stores import postgres_server
from demo.tour import QUIET_S, Tour, sign_in
from docs.pictures import free_port, wait_until_open
from tests import databases

SECONDS = 15
BURST = 2000
TALKS, TALKS_A_SECOND = 2000, 20
DRAIN_S = 180.0
DATABASE = "mcrm_bench_demo"


def measure() -> Iterator[Figure]:
    """On SQLite, then the inbound budgets on PostgreSQL."""
    for name, rate in (("sqlite", 20), ("postgresql", 50)):
        began = time.monotonic()
        with demo_database(name) as more, running_demo(more) as description, httpx.Client(timeout=30) as client:
            ready_s = time.monotonic() - began
            demo = json.loads(description.read_text())
            tour = Tour(demo, client)
            if name == "sqlite":
                yield Figure("demo ready, environment made", f"{ready_s:.1f} s").at_most(ready_s, 15, "s")
                time.sleep(3)
                memory = sum(pss_mb(pid) for pid in demo["pids"].values())
                yield Figure("whole stack idle", f"{memory:.0f} MB").at_most(memory, 300, "MB")
                yield push(tour)
            yield inbound_at(description.parent, name, rate)
            yield talks(description.parent, name)
            yield burst(tour, name)


def inbound_at(folder: Path, name: str, rate: int) -> Figure:
    """From the signed webhook's post to the reply that the provider accepted, receipts and all."""
    answered = inbound.steady(folder, rate, SECONDS)
    p95 = answered.p_ms(0.95)
    words = f"p50 {answered.p_ms(0.5):.0f}, p95 {p95:.0f} ms over {len(answered.latencies)} texts"
    figure = Figure(f"text → reply accepted, {rate}/s, {name}", words).at_most(p95, 100, "ms p95")
    if answered.refused or answered.lost:
        said = f"{words}; {answered.refused} refused, {answered.lost} lost"
        figure = replace(figure, measured=said, met=False)
    return figure


def talks(folder: Path, name: str) -> Figure:
    """Two thousand conversations open at once: each message answered once, with what belongs to it, none twice."""
    answered, wrong = inbound.conversations(folder, TALKS_A_SECOND, TALKS)
    words = f"{len(answered.latencies)} answered, {answered.refused} refused, {answered.lost} lost, {wrong} wrong"
    what = f"{TALKS:,} conversations, {TALKS_A_SECOND}/s, {name}"
    figure = Figure(what, f"{words}; p95 {answered.p_ms(0.95):.0f} ms")
    return figure.judged("each answered once", not (answered.refused or answered.lost or wrong))


def push(tour: Tour) -> Figure:
    """From the answer to the shipment to the push that the provider accepted."""
    list(sign_in(tour))
    ben = tour.people["ben"]
    last = tour.call("GET", f"/v1/orders?contact_id={ben['id']}")["items"][0]
    full = tour.call("GET", f"/v1/orders/{last['id']}")
    lines = [{"product_id": line["product_id"], "quantity": 1} for line in full["lines"]]
    spent = []
    for _ in range(40):
        order = tour.call("POST", "/v1/orders", contact_id=ben["id"], lines=lines)
        after, began = tour.last(), time.time()
        tour.call("POST", f"/v1/orders/{order['id']}/shipments", carrier="Royal Mail")
        item = tour.wait_for(after, lambda found: found["channel"] == "push", "the push")
        spent.append(datetime.fromisoformat(item["at"]).timestamp() - began)
    p95 = percentile(spent, 0.95) * 1000
    return Figure("order shipped → push accepted", f"p95 {p95:.0f} ms").at_most(p95, 150, "ms p95")


def burst(tour: Tour, name: str) -> Figure:
    """Two thousand texts at once: each answered once."""
    after, began = tour.last(), time.monotonic()

    def text(number: int) -> int:
        body = {"from": f"+44770091{number:04d}", "body": "help me"}
        return int(
            tour.client.post(f"{tour.sandbox}/_control/sms", json=body, timeout=120).json()["webhook_status"] or 0
        )

    with ThreadPoolExecutor(64) as pool:
        statuses = list(pool.map(text, range(BURST)))
    taken = sum(status == 200 for status in statuses)
    replies = wait_for_replies(tour, after, taken)
    drained_s = time.monotonic() - began
    lost = taken - len(replies)
    doubled = sum(count - 1 for count in replies.values())
    words = f"{taken} taken, {lost} lost, {doubled} doubled, drained in {drained_s:.0f} s"
    figure = Figure(f"burst of {BURST:,} texts, {name}", words)
    return figure.judged("none lost or doubled", taken == BURST and not lost and not doubled)


def wait_for_replies(tour: Tour, after: int, count: int) -> Counter[str]:
    """How many replies each number got; waits for as many in all."""
    deadline = time.monotonic() + DRAIN_S
    while len(items := tour.messages(after, channel="sms")) < count and time.monotonic() < deadline:
        time.sleep(0.2)
    time.sleep(QUIET_S)  # for one too many
    return Counter(item["to"] for item in items + tour.messages(int(items[-1]["n"]) if items else after, channel="sms"))


@contextmanager
def demo_database(name: str) -> Iterator[dict[str, str]]:
    """The setting that puts the demo on that database: its own SQLite file, or an empty one on PostgreSQL."""
    if name == "sqlite":
        yield {}
        return
    server = postgres_server()
    made = databases.empty_postgres(server, DATABASE)
    made.close()
    assert isinstance(made.bind, Engine)
    try:
        yield {"MCRM_DATABASE_URL": made.bind.url.render_as_string(hide_password=False)}
    finally:
        databases.drop_postgres(server, DATABASE)


@contextmanager
def running_demo(more: dict[str, str]) -> Iterator[Path]:
    """The demo on free ports; the path of its description."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        ports = {name: str(free_port()) for name in ("MCRM_PORT", "MCRM_SANDBOX_PORT")}
        environment: dict[str, Any] = {**os.environ, **ports, "MCRM_DEMO_FOLDER": folder, **more}
        demo = subprocess.Popen([sys.executable, "-m", "cli", "demo"], env=environment, stdout=subprocess.DEVNULL)
        try:
            wait_until_open(Path(folder) / "demo.json")
            yield Path(folder) / "demo.json"
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(60)


def pss_mb(pid: int) -> float:
    """The proportional memory of a process and its children."""
    children = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
    total = 0.0
    for one in [str(pid), *children]:
        lines = Path(f"/proc/{one}/smaps_rollup").read_text().splitlines()
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024
    return total
