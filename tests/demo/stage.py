"""The demo as a newcomer starts it: by its command, in a folder of its own, on free ports."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

PATIENCE_S = 180.0  # a busy machine starts three processes slowly; how fast is measured elsewhere


@contextmanager
def listening() -> Iterator[int]:
    """A port that somebody uses."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        yield taken.getsockname()[1]


def environment(folder: Path, **more: str) -> dict[str, str]:
    """A shell's environment with free ports, and no setting of the suite's own."""
    with listening() as port, listening() as sandbox_port:
        ports = {"MCRM_PORT": str(port), "MCRM_SANDBOX_PORT": str(sandbox_port)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MCRM_")}
    return {**kept, **ports, "MCRM_DEMO_FOLDER": str(folder), **more}


def mcrm(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command line to its end."""
    return subprocess.run(
        [sys.executable, "-m", "cli", *words], env=environ, capture_output=True, text=True, timeout=PATIENCE_S
    )


def eventually(look: Callable[[], bool], what: str, *, patience_s: float = PATIENCE_S) -> None:
    """Wait until `look` says so."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if look():
            return
        time.sleep(0.1)
    raise AssertionError(f"{what} did not happen")


def described(folder: Path) -> dict[str, Any]:
    """What var/demo.json says."""
    facts: dict[str, Any] = json.loads((folder / "demo.json").read_text())
    return facts


@contextmanager
def running_demo(folder: Path, environ: dict[str, str]) -> Iterator["subprocess.Popen[str]"]:
    """A demo that has said that it is open; asked to end afterwards if the test has not done so."""
    said = folder.parent / f"{folder.name}.said"
    with said.open("w") as output:
        demo = subprocess.Popen([sys.executable, "-m", "cli", "demo"], env=environ, stdout=output, stderr=output)
    try:
        eventually(lambda: demo.poll() is not None or "is open" in said.read_text(), "the opening")
        assert demo.poll() is None, said.read_text()
        yield demo
    finally:
        if demo.poll() is None:
            demo.send_signal(signal.SIGTERM)
        demo.wait(PATIENCE_S)


def is_ready(facts: dict[str, Any]) -> bool:
    """Whether the web process answers."""
    try:
        return httpx.get(f"{facts['base_url']}/readyz", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
