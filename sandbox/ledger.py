"""What the carriers took, carried and reported: numbered items in memory, and the file that survives a kill."""

import asyncio
import os
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

AFTER_A_KILL = 1_000  # numbers given to unlogged items before a kill; skipped, so that `n` never goes back
TAIL_BYTES = 16_000_000  # how much of the file's end is read back at start


@dataclass(frozen=True, slots=True)
class Entry:
    """One item, already serialised: 200,000 of them must not weigh gigabytes."""

    n: int
    direction: str
    channel: str
    to: str
    line: bytes


class Ledger:
    """Items in order of `n`: accepted messages ("out"), inbound ones ("in"), status changes ("status")."""

    def __init__(self, log: Path | None, keep: int) -> None:
        """Open (and read back) the file of accepted messages at `log`; keep at most `keep` items in memory."""
        self.keep = keep
        self.n = 0
        self._entries: list[Entry] = []
        self._numbers: list[int] = []
        self._watchers: set[asyncio.Event] = set()
        self._file = None if log is None else _open(log)
        self.restored = [] if log is None else list(_tail(log, keep))
        for item in self.restored:
            self._keep(item["n"], "out", item, _line(item))
        if self.restored:
            self.n = self.restored[-1]["n"] + AFTER_A_KILL

    def accept(
        self,
        channel: str,
        *,
        to: str,
        body: str,
        provider_id: str,
        method: str,
        raw: Any,
        sender: str = "",
        logged: bool = True,
    ) -> None:
        """Record an accepted message; it is in the file before this returns, so a reply never precedes its line.

        `logged=False` is for what the carrier says itself (an opt-out notice): shown on the phone only.
        """
        self.n += 1
        item = {
            "n": self.n,
            "channel": channel,
            "to": to,
            "body": body,
            "provider_id": provider_id,
            "method": method,
            "raw": raw,
            "type": "message",
            "direction": "out",
            "from": sender,
            "at": iso_now(),
        }
        line = _line(item)
        if logged and self._file is not None:
            _write(self._file, line + b"\n")
        self._keep(self.n, "out" if logged else "notice", item, line)

    def hear(self, channel: str, *, sender: str, to: str, body: str, provider_id: str, raw: Any) -> None:
        """Record what a person sent to us."""
        self._note("in", channel, {"to": to, "from": sender, "body": body, "provider_id": provider_id, "raw": raw})

    def status(self, channel: str, *, to: str, provider_id: str, status: str, error_code: int | None = None) -> None:
        """Record that an accepted message changed its delivery status."""
        change = {"to": to, "provider_id": provider_id, "status": status, "error_code": error_code}
        self._note("status", channel, change)

    def accepted(self, *, after: int, channel: str | None, to: str | None) -> Iterator[bytes]:
        """The serialised accepted messages after `after`, oldest first, on one channel or to one address."""
        for entry in self._entries[self._index(after) :]:
            if entry.direction == "out" and channel in (None, entry.channel) and to in (None, entry.to):
                yield entry.line

    def everything(self, *, after: int, limit: int | None = None) -> list[Entry]:
        """All items after `after`, oldest first; a number from the future (of an earlier run) means from the start."""
        start = self._index(after if after <= self.n else 0)
        return self._entries[start : None if limit is None else start + limit]

    def watch(self) -> asyncio.Event:
        """An event that is set at every new item, until `unwatch`."""
        event = asyncio.Event()
        self._watchers.add(event)
        return event

    def unwatch(self, event: asyncio.Event) -> None:
        """Stop setting an event."""
        self._watchers.discard(event)

    def clear(self) -> None:
        """Forget all items in memory; `n` goes on and the file stays."""
        self._entries.clear()
        self._numbers.clear()

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _note(self, direction: str, channel: str, facts: dict[str, Any]) -> None:
        self.n += 1
        item = {"n": self.n, "at": iso_now(), "type": "status" if direction == "status" else "message"}
        item |= {"direction": "out" if direction == "status" else direction, "channel": channel} | facts
        self._keep(self.n, direction, item, _line(item))

    def _keep(self, n: int, direction: str, item: dict[str, Any], line: bytes) -> None:
        self._entries.append(Entry(n, direction, item["channel"], item["to"], line))
        self._numbers.append(n)
        if len(self._entries) > self.keep + self.keep // 8 + 1:  # trimmed in chunks: cheap per item, flat in memory
            del self._entries[: -self.keep]
            del self._numbers[: -self.keep]
        for event in self._watchers:
            event.set()

    def _index(self, after: int) -> int:
        return bisect_right(self._numbers, after)


def iso_now() -> str:
    """The present as ISO 8601 in UTC, to the millisecond."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _line(item: dict[str, Any]) -> bytes:
    try:
        # Copied: orjson's own result keeps 4 KB however short the text, and 200,000 lines would hold 800 MB.
        return bytes(bytearray(orjson.dumps(item)))
    except orjson.JSONEncodeError:  # nested deeper than anything that is read back
        return orjson.dumps(item | {"raw": None})


def _open(log: Path) -> int:
    log.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(log, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
    if (size := os.fstat(file).st_size) and os.pread(file, 1, size - 1) != b"\n":
        os.write(file, b"\n")  # a torn last line must not swallow the next one
    return file


def _write(file: int, line: bytes) -> None:
    written = os.write(file, line)
    while written < len(line):
        written += os.write(file, line[written:])


def _tail(log: Path, keep: int) -> Iterator[dict[str, Any]]:
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - TAIL_BYTES))
        lines = file.read().split(b"\n")
    for line in lines[-keep - 1 :]:
        try:
            item = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue  # torn by a kill, or cut by the window read
        yield item
