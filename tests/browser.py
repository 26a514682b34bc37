"""A real browser for the tests of pages: Chromium where this machine has it, and a loud line where it has not."""

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = os.environ.get("MCRM_CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
ONE_PROCESS_FOR_ALL_PAGES = [
    "--renderer-process-limit=1",
    "--disable-site-isolation-trials",
    "--disable-features=site-per-process,IsolateOrigins,SpareRendererForSitePerProcess,Translate",
]
"""A process for every page is a start of every page; what pages may do to each other stays as it is."""
NOT_RUN = pytest.StashKey[int]()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Where there is no Chromium, take the tests marked `browser` out of the run, and count them."""
    if CHROMIUM:
        return
    left_out = [item for item in items if item.get_closest_marker("browser")]
    config.stash[NOT_RUN] = len(left_out)
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if item not in left_out]


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The loud line; xdist's controller collects nothing itself and so knows no count."""
    if CHROMIUM is None:
        count = terminalreporter.config.stash.get(NOT_RUN, "the")
        line = f"NO CHROMIUM HERE: {count} browser tests did NOT run. Install chromium, or set MCRM_CHROMIUM."
        terminalreporter.write_line(line, red=True, bold=True)


@pytest.fixture(scope="module")
def browser() -> "Iterator[Browser]":
    """One headless Chromium for the tests of a file: as long as it lives, its driver's loop runs in this thread."""
    from playwright.sync_api import sync_playwright  # late: most test processes never open a browser

    from docs.pictures import CHROMIUM_ARGS

    with sync_playwright() as playwright:
        args = [*CHROMIUM_ARGS, *ONE_PROCESS_FOR_ALL_PAGES]
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=args)
        yield started
        started.close()


@pytest.fixture
def page(browser: "Browser") -> "Iterator[Page]":
    """A fresh tab of a desktop; an error in the page's own code fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, reduced_motion="reduce", locale="en-GB")
    opened = context.new_page()
    opened.set_default_timeout(10_000)
    errors: list[str] = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    yield opened
    context.close()
    assert errors == []
