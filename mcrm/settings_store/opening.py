"""When people of the business answer customers: the opening hours and holidays that the run-time settings say."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from mcrm import hours
from mcrm.hours import Hours
from mcrm.settings_store import service
from mcrm.settings_store.catalogue import CASE_DUE_HOURS, SUPPORT_HOLIDAYS, SUPPORT_HOURS


@dataclass(frozen=True, slots=True)
class Opening:
    """The hours, None while nobody set them, and the days on which nobody works."""

    hours: Hours | None
    holidays: frozenset[date]

    def is_open(self, at: datetime) -> bool | None:
        """Whether somebody works at that instant (aware); None while no hours say so."""
        return None if self.hours is None else hours.is_open(at, self.hours, self.holidays)

    def due(self, start: datetime, minutes: int) -> datetime:
        """The instant so many minutes of business time after `start`."""
        return hours.after(start, minutes, self.hours, self.holidays)

    def worked(self, start: datetime, end: datetime) -> timedelta:
        """The business time between two instants."""
        return hours.worked(start, end, self.hours, self.holidays)


def opening(session: Session) -> Opening:
    """The hours as they hold now."""
    said, days = service.value(session, SUPPORT_HOURS), service.value(session, SUPPORT_HOLIDAYS)
    holidays = frozenset(date.fromisoformat(day) for day in days.split(", ")) if days else frozenset()
    return Opening(hours.read(said) if said else None, holidays)


def case_due(session: Session, kind: str, start: datetime) -> datetime:
    """When a case of this kind that begins at `start` is due."""
    usual, *exceptions = service.value(session, CASE_DUE_HOURS).split(", ")
    by_kind = dict(exception.split(" ") for exception in exceptions)
    return opening(session).due(start, int(by_kind.get(kind, usual)) * 60)
