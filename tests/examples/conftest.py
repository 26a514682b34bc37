"""Node where this machine has it, and a loud line where it has not."""

import shutil
from typing import Any

import pytest

NODE = shutil.which("node") is not None and shutil.which("npm") is not None
NOT_RUN = pytest.StashKey[int]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where there is no Node, take the tests marked `node` out of the run, and count them."""
    left_out = [item for item in items if item.get_closest_marker("node") and not NODE]
    config.stash[NOT_RUN] = len(left_out)
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The loud line."""
    if count := terminalreporter.config.stash.get(NOT_RUN, 0):
        line = (
            f"NO NODE HERE: {count} tests of the WatermelonDB example did NOT run. Install Node 18 or later with npm."
        )
        terminalreporter.write_line(line, red=True, bold=True)
