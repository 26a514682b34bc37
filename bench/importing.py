"""Importing past orders: a made-up file of 20,000 lines of the shape that real ones have."""

import csv
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from bench.report import Figure
from bench.stores import store
from mcrm.orders.importing import Pace, import_orders

LINES = 20_000
COLUMNS = ["InvoiceNo", "StockCode", "Description", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID", "Country"]


def measure() -> Iterator[Figure]:
    """Lines a second on both databases, and how long the longest transaction held its lock."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.csv"
        write(path)
        for name in ("sqlite", "postgresql"):
            with store(name):
                pace, began = Pace(), time.perf_counter()
                result = import_orders(
                    path, currency="GBP", timezone="Europe/London", report=Path(folder) / "report.csv", pace=pace
                )
                rate, longest_ms = result["lines"] / (time.perf_counter() - began), pace.longest_s * 1000
            figure = Figure(f"import of orders, {name}", f"{rate:,.0f} lines/s")
            lock = Figure(f"longest transaction of the import, {name}", f"{longest_ms:.0f} ms")
            yield figure.at_least(rate, 5000, "lines/s") if name == "sqlite" else figure
            yield lock.at_most(longest_ms, 50, "ms") if name == "sqlite" else lock


def write(path: Path) -> None:
    """About 20 lines an invoice, a third of them without a customer."""
    chance = random.Random(1)
    at = datetime(2010, 12, 1, 8)  # noqa: DTZ001 - the files hold local times
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(COLUMNS)
        for number in range(LINES // 20):
            at += timedelta(minutes=7)
            customer = "" if number % 3 == 0 else f"{12000 + number % 800}.0"
            for _ in range(20):
                code = chance.randrange(2500)
                price = f"{chance.randrange(50, 2000) / 100:.2f}"
                quantity = chance.randrange(1, 24)
                rows.writerow(
                    [536000 + number, f"P{code}", f"ITEM {code}", quantity, at, price, customer, "United Kingdom"]
                )
