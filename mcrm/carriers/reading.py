"""What a shipment's reports say together. Pure, and the same in whatever order they came in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from mcrm.carriers.models import TrackingStatus

RANK = {status.value: place for place, status in enumerate(TrackingStatus)}


@dataclass(frozen=True, slots=True)
class Report:
    """One thing that a carrier says: `event_id` is its own name of it."""

    event_id: str
    at: datetime
    status: TrackingStatus
    expected_on: date | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """Where the shipment is now, when it should arrive, and when it did."""

    status: TrackingStatus
    expected_on: date | None
    delivered_at: datetime | None


def story(reports: Iterable[Report]) -> Story:
    """The newest report counts, by the carrier's clock; but what was delivered once stays delivered.

    The expected date is that of the newest report which names one. Raises ValueError without any report.
    """
    told = sorted(reports, key=lambda report: (report.at, RANK[report.status], report.event_id))
    if not told:
        raise ValueError("nothing was reported")
    delivered = [report.at for report in told if report.status is TrackingStatus.DELIVERED]
    dates = [report.expected_on for report in told if report.expected_on is not None]
    return Story(
        status=TrackingStatus.DELIVERED if delivered else told[-1].status,
        expected_on=dates[-1] if dates else None,
        delivered_at=min(delivered, default=None),
    )
