"""The channels that are switched on, each with its sender; the providers' packages are imported when first needed.

Together they take two seconds and 100 MB, which a process that sends nothing should not pay.
"""

import json
import logging
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from typing import Generic, Protocol, TypeVar

from mcrm.config import BadSetting, Firebase, Mail, Settings, Telegram, Twilio
from mcrm.deliveries.outgoing import Ambiguous, Failed, Outcome, Outgoing
from mcrm.deliveries.segments import gsm7, segments
from notifications import sms_codes
from notifications.app import AppSender

log = logging.getLogger(__name__)

STATUS_PATH = "/webhooks/twilio/status"
MAKING = threading.Lock()
"""One sender is made at a time. Lanes that import packages which import each other, each from another end, would
sooner or later see one half made: Python lets them rather than have them wait for each other for ever."""


class Sender(Protocol):
    """What every adapter can do."""

    def send(self, outgoing: Outgoing) -> Outcome:
        """Make one attempt; thread-safe; what came of it."""
        ...

    def close(self) -> None:
        """Let connections and threads go."""
        ...


S = TypeVar("S", bound=Sender)


class Late(Generic[S]):
    """A sender that is made at its first message, or at `warm_up`; make it after any fork."""

    def __init__(self, sender_key: str, make: Callable[[], S], cost: Callable[[Outgoing], int]) -> None:
        """`sender_key` is what rate limits are kept by; `cost` is how much of the limit a message uses."""
        self.sender_key = sender_key
        self.cost = cost
        self._make = make
        self._made: S | None = None
        self._lock = threading.Lock()

    @property
    def real(self) -> S:
        """The adapter itself, for what only this channel can do (look-ups, webhooks)."""
        if self._made is None:
            with MAKING, self._lock:
                if self._made is None:
                    self._made = self._make()
        return self._made

    def warm_up(self) -> None:
        """Import the package and build the client now, so that the first message does not wait for it."""
        _ = self.real

    def send(self, outgoing: Outgoing) -> Outcome:
        """Make one attempt. Never raises: what nobody foresaw is ambiguous, and logged without its message.

        The message of a provider's exception may hold a number, a text, or the bot's token.
        """
        try:
            return self.real.send(outgoing)
        except Exception as error:
            where = "".join(traceback.format_tb(error.__traceback__))
            log.error("delivery %s: unforeseen %s in the adapter\n%s", outgoing.id, type(error).__name__, where)
            return Ambiguous(f"unforeseen.{type(error).__name__}")

    def close(self) -> None:
        """Let go of what was made; the next message would make it anew."""
        with self._lock:
            made, self._made = self._made, None
        if made is not None:
            made.close()


class Senders(Mapping[str, Late[Sender]]):
    """The senders by channel; a channel whose provider is off is absent."""

    def __init__(self, by_channel: Mapping[str, Late[Sender]]) -> None:
        """Written out in `make_senders`."""
        self._by_channel = dict(by_channel)

    def __getitem__(self, channel: str) -> Late[Sender]:
        """Raises KeyError for a channel that is off."""
        return self._by_channel[channel]

    def __iter__(self) -> Iterator[str]:
        """The channels that are on."""
        return iter(self._by_channel)

    def __len__(self) -> int:
        """How many are on."""
        return len(self._by_channel)

    def send(self, outgoing: Outgoing) -> Outcome:
        """Make one attempt through the message's own channel; thread-safe, never raises."""
        sender = self.get(outgoing.channel)
        return sender.send(outgoing) if sender else Failed("channel.off")

    def warm_up(self) -> None:
        """Build every client now."""
        for sender in self.values():
            sender.warm_up()

    def close(self) -> None:
        """Let everything go."""
        for sender in self.values():
            sender.close()


def make_senders(settings: Settings) -> Senders:
    """The senders that the settings ask for. Imports no provider's package; raises BadSetting on an odd key file."""
    senders: dict[str, Late[Sender]] = {"app": Late("app", AppSender, one)}
    if twilio := settings.twilio:
        status_url = settings.public_url + STATUS_PATH
        senders["sms"] = Late(sms_codes.sender_key(twilio), lambda: _sms(twilio, status_url), sms_cost)
    if telegram := settings.telegram:
        senders["telegram"] = Late(f"telegram:{telegram.bot_token.partition(':')[0]}", lambda: _telegram(telegram), one)
    if firebase := settings.firebase:
        senders["push"] = Late(f"push:{_project_of(firebase)}", lambda: _push(firebase), one)
    if mail := settings.mail:
        senders["email"] = Late(f"email:{mail.host}", lambda: _mail(mail), one)
    return Senders(senders)


def sms_cost(outgoing: Outgoing) -> int:
    """Segments: what Twilio counts and charges by."""
    return segments(gsm7(outgoing.text))[1]


def one(outgoing: Outgoing) -> int:
    """One message is one message."""
    return 1


def _sms(settings: Twilio, status_url: str) -> Sender:
    from notifications.sms import SmsSender

    return SmsSender(settings, status_url)


def _telegram(settings: Telegram) -> Sender:
    from notifications.telegram import TelegramSender

    return TelegramSender(settings)


def _push(settings: Firebase) -> Sender:
    from notifications.push import PushSender

    return PushSender(settings)


def _mail(settings: Mail) -> Sender:
    from notifications.mail import MailSender

    return MailSender(settings)


def _project_of(settings: Firebase) -> str:
    try:
        return str(json.loads(settings.credentials.read_text(encoding="utf-8"))["project_id"])
    except (OSError, ValueError, LookupError, TypeError):
        raise BadSetting("FIREBASE_CREDENTIALS", "is not a service-account key (JSON with a project_id)") from None
