"""What travels from the outbox to a provider, and what comes back of the attempt."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from uuid import UUID


class Operation(StrEnum):
    """What is done at the provider: a new message, an edit of an earlier one, or the answer to a tapped button."""

    SEND = "send"
    EDIT = "edit"
    ANSWER = "answer"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One delivery on its way to one address.

    `address`: E.164 (sms), chat id as text (telegram), registration token or installation id (push).
    `text` is the body, and an edit without one takes the buttons away; `title` and `data` (text to text) are for push;
    `buttons` are rows of (label, callback data of 1-64 bytes), or (label, "contact") under `reply_keyboard`;
    `reference` is the provider's message id to edit or the callback query id to answer; `address_kind` is `fid` or
    `token` for push; `collapse_key` names the business event, so that a repeated push replaces; `ttl_s` is how long it
    may wait at the provider, in seconds.
    """

    id: UUID
    channel: str
    address: str
    text: str
    operation: Operation = Operation.SEND
    title: str | None = None
    data: Mapping[str, str] = field(default_factory=dict)
    buttons: tuple[tuple[tuple[str, str], ...], ...] = ()
    reply_keyboard: bool = False
    reference: str | None = None
    address_kind: str | None = None
    platform: str | None = None
    collapse_key: str | None = None
    ttl_s: int | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """The provider took it; `provider_id` is its own name of the message."""

    provider_id: str


@dataclass(frozen=True, slots=True)
class Deferred:
    """Certainly not processed: queue it again.

    `retry_after_s` as the provider said, None if it did not (then the outbox backs off). `pauses_sender`: the whole
    sender waits (rate limit, queue full, configuration), not just this message; `pauses_platform`: only what goes to
    the same platform (the key of Apple's push service is wrong, Android's is not). `counts`: whether it is an attempt.
    """

    reason: str
    retry_after_s: float | None = None
    pauses_sender: bool = False
    pauses_platform: bool = False
    counts: bool = True
    alert: bool = False


@dataclass(frozen=True, slots=True)
class Failed:
    """Refused for good. `address_invalid`: the address itself is dead (bad number, dropped token, chat not found)."""

    reason: str
    address_invalid: bool = False
    alert: bool = False


@dataclass(frozen=True, slots=True)
class Suppressed:
    """The addressee does not want it (opted out, blocked the bot): suppress the address on this sender."""

    reason: str


@dataclass(frozen=True, slots=True)
class Moved:
    """The address changed (a Telegram group became a supergroup): store the new one and send at once."""

    address: str
    reason: str = "moved"


@dataclass(frozen=True, slots=True)
class Ambiguous:
    """Nobody can say whether it was sent: time-out after the request left, a cut, a server error on SMS."""

    reason: str


Outcome = Sent | Deferred | Failed | Suppressed | Moved | Ambiguous
