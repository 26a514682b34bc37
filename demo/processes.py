"""Keeps the demo's processes alive: starts them, restarts one that dies, stops all of them in order."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

STOP_S = 25.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.2, 5.0
PR_SET_PDEATHSIG = 1  # prctl(2)
_PRCTL = getattr(ctypes.CDLL(None), "prctl", None)  # found before any fork; Linux alone has it


class Kept:
    """One process that is started again when it dies; slower each time when it dies at once."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        """Nothing runs yet; `log` takes what it prints."""
        self.name = name
        self.deaths = 0
        self._command = list(command)
        self._environment = dict(environment)
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._again_at = 0.0
        self._pause_s = FIRST_PAUSE_S

    @property
    def pid(self) -> int | None:
        """Of the running process."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it in a process group of its own, so that Ctrl-C reaches the keeper alone."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
                preexec_fn=partial(_end_with, os.getpid()),
            )
        self._started_at = time.monotonic()

    def tend(self) -> bool:
        """Restart it when it has died; whether something changed."""
        now = time.monotonic()
        if self._process is not None and self._process.poll() is not None:
            self._process = None
            self.deaths += 1
            lived = now - self._started_at
            self._pause_s = FIRST_PAUSE_S if lived > 10 else min(self._pause_s * 2, LONGEST_PAUSE_S)
            self._again_at = now + self._pause_s
            return True
        if self._process is None and now >= self._again_at:
            self.start()
            return True
        return False

    def ask_to_stop(self) -> None:
        """SIGTERM."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()

    def stopped(self, deadline: float) -> None:
        """Wait until it has gone; after `deadline` (monotonic) it and its children are killed."""
        if self._process is None:
            return
        try:
            self._process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


def _end_with(parent: int) -> None:
    """Ask the kernel for a SIGTERM when the keeper dies, even by `kill -9`; runs in the child, before its program."""
    if _PRCTL is not None:
        _PRCTL(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died before we asked
            os._exit(0)


class Keeper:
    """All processes of the demo, in the order in which they start."""

    def __init__(self, kept: Sequence[Kept], changed: Callable[[], None]) -> None:
        """`changed` is called after a death or a restart."""
        self.kept = kept
        self._changed = changed

    @property
    def pids(self) -> dict[str, int | None]:
        """Who runs under which process id."""
        return {process.name: process.pid for process in self.kept}

    def start(self) -> None:
        """Start all."""
        for process in self.kept:
            process.start()

    def tend(self) -> None:
        """Restart whoever has died."""
        changes = [process.tend() for process in self.kept]  # each of them, whatever came of the others
        if any(changes):
            self._changed()

    def stop(self) -> None:
        """Web first, so that nothing new comes in; then the worker; the carriers last, so that replies still leave."""
        deadline = time.monotonic() + STOP_S
        for process in reversed(self.kept):
            process.ask_to_stop()
            process.stopped(deadline)


def command(*words: str) -> list[str]:
    """Our own command line, with this interpreter."""
    return [sys.executable, "-m", "cli", *words]
