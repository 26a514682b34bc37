"""The one clock: timezone-aware UTC, one place for tests to stop it, and the zone that the business's days are of."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import cache
from zoneinfo import available_timezones

_stopped_at: datetime | None = None
_zone: tzinfo = UTC


def use_zone(zone: tzinfo) -> None:
    """The business's days begin and end in this zone, in this process."""
    global _zone
    _zone = zone


def zone() -> tzinfo:
    """Where the business's days begin and end; UTC until somebody said."""
    return _zone


@cache
def zones() -> frozenset[str]:
    """The names of all IANA zones, asked once: looking for their files takes a tenth of a second."""
    return frozenset(available_timezones())


def bounds(day: date, within: tzinfo | None = None) -> tuple[datetime, datetime]:
    """The instants (UTC) at which a day begins and at which the next one does."""
    within = within or _zone
    begins, ends = (datetime.combine(one, time.min, within) for one in (day, day + timedelta(days=1)))
    return begins.astimezone(UTC), ends.astimezone(UTC)


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
