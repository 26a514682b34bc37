"""The browser for the page of phones."""

from typing import Any

import pytest

from tests.browser import browser, leave_out_without_chromium, page, say_what_did_not_run

__all__ = ["browser", "page"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of pages run where there is a Chromium."""
    leave_out_without_chromium(config, items)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say so where they did not run."""
    say_what_did_not_run(terminalreporter)
