"""Quiet hours: a time of day in which nobody wants to be disturbed, by the clock of their own place. Pure.

They are wall-clock times, so they follow the clocks when these change: a night may be an hour longer or shorter, and a
time that comes twice is quiet twice.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

FORM = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])", re.ASCII)
DAY = 24 * 60
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Quiet:
    """From `begins` until `ends` (not included), both minutes of the day; over midnight where it begins later."""

    begins: int
    ends: int

    def __post_init__(self) -> None:
        """Raises ValueError for times that are none, and for a night without an end."""
        if not (0 <= self.begins < DAY and 0 <= self.ends < DAY) or self.begins == self.ends:
            raise ValueError("quiet hours begin and end within a day, at different times")

    def __str__(self) -> str:
        """As `read` reads it."""
        return f"{clock_time(self.begins)}-{clock_time(self.ends)}"

    def is_quiet(self, at: datetime, zone: tzinfo) -> bool:
        """Whether it is quiet at an instant (aware) for somebody in that zone."""
        minute = _minute(at.astimezone(zone))
        if self.begins < self.ends:
            return self.begins <= minute < self.ends
        return minute >= self.begins or minute < self.ends

    def over_at(self, at: datetime, zone: tzinfo) -> datetime | None:
        """The first minute (UTC) from an instant on at which it is not quiet any more; None when it is not quiet."""
        if not self.is_quiet(at, zone):
            return None
        begun = at.astimezone(UTC).replace(second=0, microsecond=0)
        left = (self.ends - _minute(begun.astimezone(zone))) % DAY
        over = begun + left * MINUTE
        if over.astimezone(zone).utcoffset() == begun.astimezone(zone).utcoffset():
            return over
        over = begun  # the clocks change meanwhile: ask every minute, which happens on two nights of a year
        while self.is_quiet(over, zone):
            over += MINUTE
        return over


def read(text: str) -> Quiet:
    """Quiet hours written as `21:00-08:00`; raises ValueError."""
    match = FORM.fullmatch(text)
    if match is None:
        raise ValueError("not the form of quiet hours")
    hours, minutes, until_hours, until_minutes = (int(part) for part in match.groups())
    return Quiet(hours * 60 + minutes, until_hours * 60 + until_minutes)


def clock_time(minute: int) -> str:
    """A minute of the day as `08:00`."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _minute(local: datetime) -> int:
    return local.hour * 60 + local.minute
