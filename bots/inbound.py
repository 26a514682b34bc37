"""What comes in, whatever the channel: one message of one person, cleaned so that every database can hold it."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

LONGEST_TEXT = 2000
UNSTORABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


class InboundKind(StrEnum):
    """What kind of message it is."""

    TEXT = "text"
    BUTTON = "button"
    CONTACT = "contact"
    OTHER = "other"
    MEMBERSHIP = "membership"


@dataclass(frozen=True, slots=True)
class Card:
    """A shared contact card. `is_own`: the provider vouches that it is the sender's own number, not forwarded."""

    number: str
    is_own: bool


@dataclass(frozen=True, slots=True)
class Inbound:
    """One message, as its channel's webhook read it.

    `provider_id` is unique per channel and repeats when the provider delivers again; `address` is E.164 or a chat id.
    `opt_out` is what the carrier already did and answered (`STOP`, `START`, `HELP`). `callback_id` names the tapped
    button's query, `message_id` and `message_text` the message that carried the button. `joined` tells whether a
    membership change let us in (True) or out. `label` is what the tapped button said. `signed_in` names the sign-in
    that wrote, where there is one, and `level` is how surely that alone tells who it is.
    """

    channel: str
    provider_id: str
    address: str
    kind: InboundKind = InboundKind.TEXT
    text: str = ""
    button: str | None = None
    card: Card | None = None
    opt_out: str | None = None
    joined: bool | None = None
    locale: str | None = None
    callback_id: str | None = None
    message_id: str | None = None
    message_text: str | None = None
    sent_at: datetime | None = None
    label: str = ""
    level: int = 0
    signed_in: str | None = None


def clean(text: str) -> str:
    """The text without control characters and lone surrogates, at most 2,000 characters."""
    return UNSTORABLE.sub("", text)[:LONGEST_TEXT].strip()
