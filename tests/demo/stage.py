"""The demo as a newcomer starts it: by its command, in a folder of its own, on free ports."""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

import cli
from tests.forking import ended

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


def again(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run the command line as `mcrm` does, in a copy of a process that has imported it already.

    One start from nothing shows that a command starts; what it then says and does needs no second.
    """
    with tempfile.TemporaryDirectory() as folder:
        said = [Path(folder, name) for name in ("stdout", "stderr")]
        code = ended(_command, words, environ, said)
        return subprocess.CompletedProcess(words, code, *(file.read_text() for file in said))


def _command(words: tuple[str, ...], environ: dict[str, str], said: list[Path]) -> None:
    os.environ.clear()
    os.environ.update(environ)
    for descriptor, file in enumerate(said, start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), descriptor)
    sys.argv = ["mcrm", *words]
    cli.main()


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
