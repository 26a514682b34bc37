"""Numbers that a carrier never gives twice, not even after a kill: message ids and update ids of Telegram."""

import time
from pathlib import Path

BLOCK = 1_000
BEFORE_TODAY = 1_750_000_000  # keeps a start by the clock small enough for 32 bits


class Numbers:
    """A counter whose blocks are reserved in a small file next to the log, if there is one."""

    def __init__(self, log: Path | None) -> None:
        """Go on after the last reserved block; without a file, start at the clock."""
        self._file = None if log is None else log.with_name(log.name + ".numbers")
        self._last = self._reserved = max(self._stored(), int(time.time()) - BEFORE_TODAY)

    def next(self) -> int:
        """The next number."""
        self._last += 1
        if self._last > self._reserved:
            self._reserved = self._last + BLOCK
            if self._file is not None:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                replacement = self._file.with_name(self._file.name + ".new")
                replacement.write_text(str(self._reserved))
                replacement.replace(self._file)
        return self._last

    def _stored(self) -> int:
        if self._file is None or not self._file.is_file():
            return 0
        stored = self._file.read_text().strip()
        return int(stored) if stored.isdigit() else 0
