"""`python -m bench [name …] [--json]`: every budget that exists by now, measured on this machine, as one table."""

import argparse
import importlib
import json
import os
import platform
from datetime import UTC, datetime

from rich.console import Console
from rich.table import Table

from bench.report import Figure

BENCHES = ("append", "requests", "outbox", "importing", "adapters", "live", "people", "bulk", "sync", "nlu")


def main() -> None:
    """Measure what was asked for, or everything; prints each figure as it comes, then the table."""
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[*BENCHES, []], default=[])
    parser.add_argument("--json", action="store_true", dest="as_json")
    wanted = parser.parse_args()
    figures: list[Figure] = []
    console = Console()
    for name in wanted.names or BENCHES:
        for figure in importlib.import_module(f"bench.{name}").measure():
            figures.append(figure)
            if not wanted.as_json:
                console.print(f"{figure.what}: {figure.measured}", style="dim", highlight=False)
    if wanted.as_json:
        print(json.dumps([figure.as_json() for figure in figures], indent=2))
        return
    console.print(table_of(figures))


def table_of(figures: list[Figure]) -> Table:
    """The figures, with what they were measured on."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores, {datetime.now(UTC):%Y-%m-%d}"
    table = Table(title=f"{machine}; SQLite with synchronous=FULL, PostgreSQL with fsync on")
    for column in ("what", "budget", "measured", "ratio", "met"):
        table.add_column(column)
    for figure in figures:
        ratio = "" if figure.ratio is None else f"{figure.ratio:.2f}"
        met = {True: "yes", False: "NO", None: ""}[figure.met]
        table.add_row(figure.what, figure.budget, figure.measured, ratio, met)
    return table


if __name__ == "__main__":
    main()
