"""Business hours: days of the week, a time of day and a zone; and instants counted in them alone. Pure."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from mcrm import clock

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FORM = re.compile(
    r"(?P<first>[A-Z][a-z]{2})(?:-(?P<last>[A-Z][a-z]{2}))? "
    r"(?P<opens>\d{2}:\d{2})-(?P<closes>\d{2}:\d{2})(?: (?P<zone>[A-Za-z_/+\-0-9]{1,40}))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Hours:
    """Open on `days` (0 is Monday) from `opens` to `closes`, by the clock of `zone`: an IANA name, or None for the
    business's own.
    """

    days: frozenset[int]
    opens: time
    closes: time
    zone: str | None
    text: str

    def __str__(self) -> str:
        """As somebody wrote it."""
        return self.text


def read(text: str) -> Hours:
    """Hours written as `Mon-Fri 09:00-17:30 Europe/London`; by the business's own clock where no zone stands.

    Raises ValueError.
    """
    match = FORM.fullmatch(text)
    if match is None:
        raise ValueError("not the form of hours")
    first = DAYS.index(match["first"])
    last = DAYS.index(match["last"] or match["first"])
    days = frozenset((first + step) % 7 for step in range((last - first) % 7 + 1))
    opens, closes = time.fromisoformat(match["opens"]), time.fromisoformat(match["closes"])
    zone = match["zone"]
    if opens >= closes or not (zone is None or zone in clock.zones()):
        raise ValueError("hours end after they begin, in a zone that exists")
    return Hours(days, opens, closes, zone, text)


NO_HOLIDAYS: frozenset[date] = frozenset()


def after(start: datetime, minutes: int, hours: Hours | None, holidays: Collection[date] = NO_HOLIDAYS) -> datetime:
    """The instant so many minutes of business hours after `start` (aware), in UTC; of all hours where there are none.

    `holidays` are days of the hours' zone on which nobody works. When the clocks change, an hour of that day is lost
    or won, as it is for the people.
    """
    left = timedelta(minutes=minutes)
    if hours is None:
        return start.astimezone(UTC) + left
    for opens, closes in _shifts(start, hours, holidays):
        begun = max(opens, start.astimezone(UTC))
        if begun + left <= closes:
            return begun + left
        left -= max(closes - begun, timedelta(0))
    raise AssertionError("shifts never end")


def is_open(at: datetime, hours: Hours, holidays: Collection[date] = NO_HOLIDAYS) -> bool:
    """Whether `at` (aware) lies within business hours; the closing minute does not."""
    opens, closes = next(_shifts(at, hours, holidays))
    return opens <= at < closes


def worked(start: datetime, end: datetime, hours: Hours | None, holidays: Collection[date] = NO_HOLIDAYS) -> timedelta:
    """How much business time lies between two instants (aware); nothing where the end comes first."""
    if hours is None or end <= start:
        return max(end - start, timedelta(0))
    total = timedelta(0)
    for opens, closes in _shifts(start, hours, holidays):
        if opens >= end:
            return total
        total += max(min(closes, end) - max(opens, start), timedelta(0))
    raise AssertionError("shifts never end")


def _shifts(start: datetime, hours: Hours, holidays: Collection[date]) -> Iterator[tuple[datetime, datetime]]:
    """(opening, closing) in UTC of every working day from that of `start` on; the first may be over by then."""
    zone = clock.zone() if hours.zone is None else ZoneInfo(hours.zone)
    day = start.astimezone(zone).date()
    while True:
        if day.weekday() in hours.days and day not in holidays:
            opens = datetime.combine(day, hours.opens, zone).astimezone(UTC)
            yield opens, datetime.combine(day, hours.closes, zone).astimezone(UTC)
        day += timedelta(days=1)
