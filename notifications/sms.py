"""Text messages through Twilio's own package; nothing here retries or sleeps: that is the outbox's business."""

import threading
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID

from requests.exceptions import RequestException
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from mcrm.config import Twilio
from mcrm.deliveries.outgoing import Ambiguous, Deferred, Failed, Operation, Outcome, Outgoing, Sent
from mcrm.deliveries.segments import gsm7
from notifications.sms_codes import RATE_LIMITED, meaning
from notifications.transport import TIMEOUT_S, LookupUnavailable, never_left, pooled_adapter, retry_after_s

LONGEST_VALIDITY_S = 14_400


@dataclass(frozen=True, slots=True)
class SmsStatus:
    """What Twilio knows of a message: its own word for the status, and the error code if it failed."""

    status: str
    error_code: int | None


class SmsSender:
    """Hands deliveries to Twilio; `send` may be called from many threads at once."""

    def __init__(self, settings: Twilio, status_url: str, *, timeout_s: float = TIMEOUT_S) -> None:
        """`status_url` is our own status webhook, without query. Nothing is contacted before the first message."""
        self.status_url = status_url
        self.sender: dict[str, str] = (
            {"from_": settings.sender}
            if settings.sender
            else {"messaging_service_sid": settings.messaging_service_sid or ""}
        )
        self.http = _Http(settings.api_base, timeout_s)
        self.client = Client(settings.account_sid, settings.auth_token, http_client=self.http)

    def send(self, outgoing: Outgoing) -> Outcome:
        """Hand one text to Twilio; its receipts come to the status webhook with the delivery's id."""
        if outgoing.operation is not Operation.SEND:
            return Failed(f"sms.no-{outgoing.operation}", alert=True)
        facts: dict[str, Any] = {"status_callback": self._receipts_url(outgoing.id), **self.sender}
        if outgoing.ttl_s is not None:
            facts["validity_period"] = max(1, min(outgoing.ttl_s, LONGEST_VALIDITY_S))
        try:
            message = self.client.messages.create(to=outgoing.address, body=gsm7(outgoing.text), **facts)
        except (TwilioRestException, TwilioServiceException) as error:
            return outcome_of(error.status, error.code, self.http.retry_after_s)
        except RequestException as error:
            return Deferred("sms.connect-failed") if never_left(error) else Ambiguous("sms.no-answer")
        except ValueError:  # 201 with a body that is not JSON: taken, but by what name?
            return Ambiguous("sms.unreadable-answer")
        return Sent(message.sid) if message.sid else Ambiguous("sms.unreadable-answer")

    def lookup(self, outgoing: Outgoing, since: datetime, known: Collection[str] = ()) -> Outcome | None:
        """Whether Twilio took this text after all; None when it certainly has no such message since `since` (aware).

        `known` are the provider ids that belong to other deliveries: two equal texts to one number are two messages.
        Raises LookupUnavailable when Twilio does not answer.
        """
        body = gsm7(outgoing.text)
        for message in self._ask(
            lambda: self.client.messages.list(to=outgoing.address, date_sent_after=since, limit=100)
        ):
            ours = str(message.direction or "").startswith("outbound")
            if ours and message.body == body and message.sid not in known:
                return Sent(message.sid)
        return None

    def fetch(self, provider_id: str) -> SmsStatus:
        """The present state of a message, for receipts that never came. Raises LookupUnavailable."""
        message = self._ask(lambda: self.client.messages(provider_id).fetch())
        return SmsStatus(str(message.status), int(message.error_code) if message.error_code else None)

    def close(self) -> None:
        """Let the connections go."""
        self.http.session.close()

    def _receipts_url(self, delivery_id: UUID) -> str:
        # The fragment asks Twilio to try a lost receipt three times more, on every kind of failure; by itself it
        # tries once, and only when it could not connect.
        return f"{self.status_url}?d={delivery_id}#rc=3&rp=all"

    def _ask(self, question: Any) -> Any:
        try:
            return question()
        except (TwilioException, RequestException, ValueError) as error:  # pages raise the base class
            raise LookupUnavailable(type(error).__name__) from error


def outcome_of(status: int, code: int, retry_after: float | None) -> Outcome:
    """What a refusal means: by Twilio's code, never by its words. `status` is HTTP, `retry_after` in seconds."""
    if status in RATE_LIMITED:
        return Deferred(f"twilio.{code}", retry_after_s=retry_after, pauses_sender=True, counts=False)
    if status >= 500 and code not in RATE_LIMITED:
        return Ambiguous(f"twilio.{code}")  # it may have been taken before the error
    return meaning(code, retry_after)


class _Http(TwilioHttpClient):  # type: ignore[misc]  # the package has no types
    """Twilio's HTTP client with a time-out, another origin if one is set, and the Retry-After of the last answer."""

    def __init__(self, base: str | None, timeout_s: float) -> None:
        super().__init__(timeout=timeout_s)
        self.base = urlsplit(base) if base else None
        self.session.trust_env = base is None  # a proxy of the environment is for the real provider only
        self.session.mount("https://", pooled_adapter())
        self.session.mount("http://", pooled_adapter())
        self.answered = threading.local()

    @property
    def retry_after_s(self) -> float | None:
        """Seconds, from the last answer to this thread: Twilio's exceptions carry no headers."""
        return getattr(self.answered, "retry_after_s", None)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        """As the parent does, at our origin."""
        self.answered.retry_after_s = None
        if self.base:
            parts = urlsplit(url)
            url = urlunsplit((self.base.scheme, self.base.netloc, parts.path, parts.query, ""))
        response = super().request(method, url, *args, **kwargs)
        self.answered.retry_after_s = retry_after_s(response.headers.get("Retry-After"))
        return response

    def log_request(self, kwargs: dict[str, Any]) -> None:
        """Nothing: the parent logs the query, and a look-up's query holds the customer's number."""

    def log_response(self, status_code: int, response: Any) -> None:
        """Nothing, as for the request."""
