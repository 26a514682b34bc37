"""Customers and staff who go on while processes die: signed webhooks and orders, posted again until they are taken.

The drill posts the webhooks itself, so that it knows which of them were answered 200, also while the carriers are dead.
"""

import json
import random
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from sandbox.twilio_webhooks import signature
from tests.demo.stage import described

TIMEOUT_S = 15.0
TEXTERS, CHATTERS, SHIPPERS = 6, 3, 2
UNANSWERED = (httpx.NetworkError, httpx.TimeoutException, httpx.RemoteProtocolError)
TRIES = 20  # a provider gives up at some time; until then the same message comes again


@dataclass
class Answered:
    """What the product has promised: ids of messages it answered 200, and numbers of orders it says have shipped."""

    texts: set[str] = field(default_factory=set)
    updates: set[str] = field(default_factory=set)
    shipped: set[str] = field(default_factory=set)


class Load:
    """Threads that write and order until `stop`. Each message comes from an address of its own."""

    def __init__(self, folder: Path) -> None:
        """`folder` is the demo's."""
        self.answered = Answered()
        self.failures: list[str] = []
        self._folder = folder
        self._settings = settings_of(folder)
        self._base = described(folder)["base_url"]
        self._client = httpx.Client(timeout=TIMEOUT_S)
        self._numbers = iter(range(1_000_000))
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._signing_in = threading.Lock()
        self._token, self._token_until = "", 0.0
        work = [self._text] * TEXTERS + [self._chat] * CHATTERS + [self._ship] * SHIPPERS
        self._threads = [threading.Thread(target=self._go_on, args=(one,), daemon=True) for one in work]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let everybody finish their sentence."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(TIMEOUT_S * 4)
        if any(thread.is_alive() for thread in self._threads):
            self.failures.append("a thread of the load did not end")
        self._client.close()

    def _go_on(self, work: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                work()
            except Exception as error:  # the drill must hear of it, whatever it was
                self.failures.append(f"{work.__name__}: {type(error).__name__}: {error}")
                return
            time.sleep(random.uniform(0.02, 0.2))

    def _number(self) -> int:
        with self._lock:
            return next(self._numbers)

    def _text(self) -> None:
        number, sid = self._number(), f"SM{secrets.token_hex(16)}"
        form = {"MessageSid": sid, "SmsSid": sid, "AccountSid": self._settings["TWILIO_ACCOUNT_SID"]}
        form |= {"From": f"+4477{number:08d}", "To": self._settings["TWILIO_FROM"], "Body": f"track {number}"}
        url = f"{self._base}/webhooks/twilio/sms"
        headers = {"X-Twilio-Signature": signature(self._settings["TWILIO_AUTH_TOKEN"], url, form)}
        self._deliver(url, self.answered.texts, sid, data=form, headers=headers)

    def _chat(self) -> None:
        number = self._number()
        update_id, chat_id = 800_000_000 + number, 900_000_000 + number
        sender = {"id": chat_id, "is_bot": False, "first_name": "Somebody"}
        message = {"message_id": number + 1, "date": int(time.time()), "text": "menu", "from": sender}
        update = {"update_id": update_id, "message": message | {"chat": {"id": chat_id, "type": "private"}}}
        headers = {"X-Telegram-Bot-Api-Secret-Token": self._settings["TELEGRAM_WEBHOOK_SECRET"]}
        url = f"{self._base}/webhooks/telegram"
        self._deliver(url, self.answered.updates, str(update_id), json=update, headers=headers)

    def _deliver(self, url: str, answered: set[str], id_: str, **request: Any) -> None:
        """Post until it is taken; every tenth comes once more afterwards, as providers do."""
        if self._post(url, **request) is not None:
            answered.add(id_)
            if random.random() < 0.1:
                self._post(url, **request)

    def _ship(self) -> None:
        """One order for somebody with the app, placed and shipped, each asked for again with its key until it is."""
        demo = described(self._folder)
        if not (token := self._sign_in(demo["accounts"][0])):
            return
        person = random.choice([person for person in demo["customers"] if person["push_token"]])
        last = self._call(token, "GET", f"/v1/orders?contact_id={person['id']}&limit=1")
        before = last and self._call(token, "GET", f"/v1/orders/{last['items'][0]['id']}")
        if not before:
            return
        lines = [{"product_id": line["product_id"], "quantity": 1} for line in before["lines"]]
        order = self._call(token, "POST", "/v1/orders", {"contact_id": person["id"], "lines": lines})
        if order is None:
            return
        if self._call(token, "POST", f"/v1/orders/{order['id']}/shipments", {"carrier": "Royal Mail"}) is not None:
            self.answered.shipped.add(order["number"])

    def _sign_in(self, account: dict[str, str]) -> str:
        """A token that is good for a while yet; none when nobody answered before the end."""
        with self._signing_in:  # a second session of the same device ends the first
            if time.monotonic() > self._token_until:
                device = {"id": "drill", "name": "drill", "platform": "cli"}
                facts = {"email": account["email"], "password": account["password"], "device": device}
                pair = self._call("", "POST", "/v1/auth/login", facts)
                if pair is None:
                    return ""
                self._token, self._token_until = pair["access_token"], time.monotonic() + pair["expires_in_s"] / 2
            return self._token

    def _call(self, token: str, method: str, path: str, body: Any = None) -> Any:
        """The answer's body; None when it did not come before the end."""
        headers = {"Idempotency-Key": secrets.token_hex(16)} | ({"Authorization": f"Bearer {token}"} if token else {})
        answer = self._post(self._base + path, method=method, headers=headers, json=body)
        return None if answer is None else answer.json()

    def _post(self, url: str, method: str = "POST", **request: Any) -> httpx.Response | None:
        """Ask until it is answered with a success; None when nobody did. Raises for a refusal."""
        for _ in range(TRIES):
            try:
                answer = self._client.request(method, url, **request)
            except UNANSWERED:
                answer = None
            if answer is not None and answer.status_code < 300:
                return answer
            if answer is not None and answer.status_code not in {409, 429, 502, 503}:
                raise AssertionError(f"{method} {url} answered {answer.status_code}: {answer.text[:200]}")
            if self._stopping.wait(0.5):
                return None
        return None


def settings_of(folder: Path) -> dict[str, str]:
    """The demo's settings, from its environment file."""
    lines = (folder / "demo.env").read_text().splitlines()
    pairs = (line.removeprefix("export ").partition("=") for line in lines)
    return {name: value.strip("'") for name, _, value in pairs}


def accepted_items(folder: Path) -> list[dict[str, Any]]:
    """What the carriers accepted, from their own file, which survives their kills."""
    return [json.loads(line) for line in (folder / "accepted.jsonl").read_text().splitlines()]
