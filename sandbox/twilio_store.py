"""Messages as Twilio keeps them, and who has told a sender to stop."""

import itertools
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from sandbox.twilio_rules import LONGEST_VALIDITY_S, Wanted, segments

PAGE = 50
LARGEST_PAGE = 1000


@dataclass(slots=True)
class Text:
    """One message, out or in, with the status that it has reached."""

    sid: str
    direction: str
    to: str
    sender: str
    service: str
    body: str
    callback: str
    created: datetime
    validity_s: int = LONGEST_VALIDITY_S
    status: str = "queued"
    sent: datetime | None = None
    updated: datetime | None = None
    error_code: int | None = None

    def shown(self, account: str) -> dict[str, Any]:
        """The resource as Twilio's API answers it."""
        uri = f"/2010-04-01/Accounts/{account}/Messages/{self.sid}"
        return {
            "account_sid": account,
            "api_version": "2010-04-01",
            "body": self.body,
            "date_created": format_datetime(self.created),
            "date_sent": format_datetime(self.sent) if self.sent else None,
            "date_updated": format_datetime(self.updated or self.created),
            "direction": self.direction,
            "error_code": self.error_code,
            "error_message": None,
            "from": self.sender,
            "messaging_service_sid": self.service or None,
            "num_media": "0",
            "num_segments": str(segments(self.body)),
            "price": None,
            "price_unit": "USD",
            "sid": self.sid,
            "status": self.status,
            "subresource_uris": {"media": f"{uri}/Media.json"},
            "to": self.to,
            "uri": f"{uri}.json",
        }


class Texts:
    """The messages of the account, newest last, and the opt-outs of its senders."""

    def __init__(self, keep: int) -> None:
        """Nothing sent, nobody opted out."""
        self.keep = keep
        self.by_sid: dict[str, Text] = {}
        self.stopped: set[tuple[str, str]] = set()  # (our sender, the number that said STOP)

    def create(self, wanted: Wanted) -> Text:
        """A new outbound message."""
        return self.add(
            Text(
                sid=new_sid(),
                direction="outbound-api",
                to=wanted.to,
                sender=wanted.sender,
                service=wanted.service,
                body=wanted.body,
                callback=wanted.callback,
                created=now(),
                validity_s=wanted.validity_s,
                status="accepted" if wanted.service else "queued",
            )
        )

    def add(self, text: Text) -> Text:
        """Keep a message; the oldest go when there are too many."""
        self.by_sid[text.sid] = text
        if len(self.by_sid) > self.keep:
            del self.by_sid[next(iter(self.by_sid))]
        return text

    def restore(self, items: list[dict[str, Any]]) -> Iterator[Text]:
        """Take back what an earlier run accepted: a carrier does not forget because a process was killed."""
        for item in items:
            if item["channel"] == "sms" and isinstance(item["raw"], dict):
                form = item["raw"]
                created = datetime.fromisoformat(item["at"])
                yield self.add(
                    Text(
                        sid=item["provider_id"],
                        direction="outbound-api",
                        to=item["to"],
                        sender=item["from"],
                        service=form.get("MessagingServiceSid", ""),
                        body=item["body"],
                        callback=form.get("StatusCallback", ""),
                        created=created,
                        sent=created,
                    )
                )

    def found(self, *, to: str | None, sender: str | None, dates: "Dates") -> Iterator[Text]:
        """The messages of a list request, newest first."""
        for text in reversed(self.by_sid.values()):
            if to in (None, text.to) and sender in (None, text.sender) and dates.hold(text.sent or text.created):
                yield text

    def page(self, found: Iterator[Text], number: int, size: int) -> tuple[list[Text], bool]:
        """One page of a list, and whether there is another."""
        window = list(itertools.islice(found, number * size, (number + 1) * size + 1))
        return window[:size], len(window) > size


@dataclass(frozen=True, slots=True)
class Dates:
    """The limits of a list request: `DateSent`, `DateSent>` and `DateSent<`, the last two inclusive."""

    on: datetime | None
    since: datetime | None
    until: datetime | None

    def hold(self, at: datetime) -> bool:
        """Whether a message of this time is asked for."""
        if self.on is not None and at.date() != self.on.date():
            return False
        return (self.since is None or at >= self.since) and (self.until is None or at <= self.until)


def parse_date(text: str | None) -> datetime | None:
    """A date or time of a list filter, in UTC; raises ValueError."""
    if not text:
        return None
    parsed = datetime.fromisoformat(text)
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def new_sid() -> str:
    """A message id: as long as a real one, and told apart at a glance (5A4DB0C5 reads SANDBOX)."""
    return "SM5a4db0c5" + secrets.token_hex(12)


def now() -> datetime:
    """The present, to the second, as Twilio keeps it."""
    return datetime.now(UTC).replace(microsecond=0)
