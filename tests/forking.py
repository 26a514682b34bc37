"""Processes of the tests' own: copies of one that has imported the house and runs nothing; none imports it anew."""

import multiprocessing
from collections.abc import Callable
from typing import Any

forked = multiprocessing.get_context("forkserver")
forked.set_forkserver_preload(
    [
        *("pytest", "mcrm.tables", "mcrm.transaction", "migrations.running", "tests.databases"),
        *("cli", "mcrm.access.users", "mcrm.bulk.running", "mcrm.bulk.exporting", "mcrm.orders.importing"),
        *("demo.running", "demo.tour", "bots.chat_terminal"),
    ]
)
PATIENCE_S = 180.0


def ended(work: Callable[..., None], *words: Any) -> int:
    """Run `work(*words)` in a process of its own; its exit code, or minus the signal that ended it."""
    process = forked.Process(target=work, args=words)
    process.start()
    process.join(PATIENCE_S)
    assert process.exitcode is not None, "it has not ended"
    return process.exitcode
