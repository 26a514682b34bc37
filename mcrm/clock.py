"""The one clock: timezone-aware UTC, and one place for tests to stop it."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

_stopped_at: datetime | None = None


def now() -> datetime:
    """The present instant, timezone-aware, in UTC."""
    return _stopped_at if _stopped_at is not None else datetime.now(UTC)


@contextmanager
def stopped(at: datetime) -> Iterator[None]:
    """Hold the clock at `at` (aware) in this process; for tests and simulations."""
    global _stopped_at
    before, _stopped_at = _stopped_at, at.astimezone(UTC)
    try:
        yield
    finally:
        _stopped_at = before


def advance(by: timedelta) -> None:
    """Move a stopped clock on; an error while it runs, because nobody can move that one."""
    global _stopped_at
    if _stopped_at is None:
        raise RuntimeError("the clock is running: stop it first")
    _stopped_at += by
