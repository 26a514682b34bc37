"""The running demo under load: start, memory, and from a signed webhook to what the provider accepted."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx

from bench.report import Figure, percentile
from demo.tour import Tour, sign_in
from docs.pictures import free_port, wait_until_open

SECONDS = 15
BURST = 2000
DRAIN_S = 180.0


def measure() -> Iterator[Figure]:
    """On SQLite."""
    began = time.monotonic()
    with running_demo() as description, httpx.Client(timeout=30) as client:
        ready_s = time.monotonic() - began
        yield Figure("demo ready, environment made", f"{ready_s:.1f} s", "≤ 15 s", ready_s <= 15)
        demo = json.loads(description.read_text())
        time.sleep(3)
        memory = sum(pss_mb(pid) for pid in demo["pids"].values())
        yield Figure("whole stack idle", f"{memory:.0f} MB", "≤ 300 MB", memory <= 300)
        tour = Tour(demo, client)
        latencies = steady(tour, 20)
        p95 = percentile(latencies, 0.95) * 1000
        words = f"p50 {percentile(latencies, 0.5) * 1000:.0f}, p95 {p95:.0f} ms over {len(latencies)} messages"
        yield Figure("inbound → reply accepted, 20/s, SQLite", words, "p95 ≤ 100 ms", p95 <= 100)
        yield push(tour)
        yield burst(tour)


def steady(tour: Tour, rate: int) -> list[float]:
    """Seconds from the provider's webhook call to its acceptance of the reply, at `rate` messages a second."""
    phones = [f"+4477009{n:05d}" for n in range(300, 300 + rate * 5)]
    sent: dict[str, list[float]] = {}
    lock = threading.Lock()

    def text(number: int) -> None:
        phone = phones[number % len(phones)]
        with lock:
            sent.setdefault(phone, []).append(time.time())
        tour.control("/_control/sms", **{"from": phone, "body": "help me"})

    after, start = tour.last(), time.monotonic()
    with ThreadPoolExecutor(32) as pool:
        for number in range(rate * SECONDS):
            time.sleep(max(0.0, start + number / rate - time.monotonic()))
            pool.submit(text, number)
    replies = wait_for_replies(tour, after, rate * SECONDS)
    latencies = []
    for phone, times in sent.items():
        latencies += [heard - began for began, heard in zip(times, sorted(replies.get(phone, [])), strict=False)]
    assert len(latencies) == rate * SECONDS, "a message was not answered"
    return latencies


def wait_for_replies(tour: Tour, after: int, count: int) -> dict[str, list[float]]:
    """Times of acceptance by number."""
    deadline = time.monotonic() + DRAIN_S
    while time.monotonic() < deadline:
        items = tour.messages(after, channel="sms")
        if len(items) >= count:
            break
        time.sleep(0.2)
    found: dict[str, list[float]] = {}
    for item in tour.messages(after, channel="sms"):
        found.setdefault(item["to"], []).append(datetime.fromisoformat(item["at"]).timestamp())
    return found


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
    return Figure("order shipped → push accepted", f"p95 {p95:.0f} ms", "p95 ≤ 150 ms", p95 <= 150)


def burst(tour: Tour) -> Figure:
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
    doubled = sum(len(times) - 1 for times in replies.values())
    words = f"{taken} taken, {lost} lost, {doubled} doubled, drained in {drained_s:.0f} s"
    return Figure(
        "burst of 2,000 texts, SQLite", words, "none lost or doubled", taken == BURST and not lost and not doubled
    )


@contextmanager
def running_demo() -> Iterator[Path]:
    """The demo with a generous limit of requests in flight, on free ports."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        ports = {name: str(free_port()) for name in ("MCRM_PORT", "MCRM_SANDBOX_PORT")}
        environment: dict[str, Any] = {**os.environ, **ports, "MCRM_DEMO_FOLDER": folder}
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
