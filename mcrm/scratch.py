"""Folders for files in hand, full of people's data: gone with their use, and with the next one if a process was killed.

Whoever works in a folder holds a lock on a file in it. The kernel lets go of that however the process ends, so a folder
whose lock is free is nobody's.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "mcrm-scratch-"
LOCK = ".held"
AGE_S = 5.0
"""So young a folder may not have its lock yet."""


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """An empty folder that only we may read; first removes what killed processes left."""
    sweep()
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name, (Path(name) / LOCK).open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield Path(name)


def sweep() -> None:
    """Remove the folders of processes that were killed."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if _is_nobodys(folder):
            shutil.rmtree(folder, ignore_errors=True)  # another process may be at it too


def _is_nobodys(folder: Path) -> bool:
    try:
        if time.time() - folder.stat().st_mtime < AGE_S:
            return False
        lock = os.open(folder / LOCK, os.O_RDONLY | os.O_NONBLOCK)  # it may be a pipe of somebody's, to hold us up
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        finally:
            os.close(lock)
    except BlockingIOError:
        return False
    except FileNotFoundError:
        return folder.exists()  # killed before it had the lock; or gone by now
    except OSError:
        return False  # another user's
