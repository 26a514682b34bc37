"""The other side of the wire: a product that records what the carriers tell it, and the real SDKs."""

import asyncio
import queue
import threading
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

import firebase_admin
import pytest
from firebase_admin import credentials, messaging
from google.oauth2 import service_account
from requests.adapters import HTTPAdapter
from telegram import Bot
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

from tests.sandbox_fixture import ACCOUNT_SID, AUTH_TOKEN, BOT_TOKEN, Carrier, carrier, carrier_of_the_run

__all__ = ["carrier", "carrier_of_the_run"]


@dataclass
class Call:
    """One webhook call as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def form(self) -> dict[str, str]:
        """The fields of a form."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True))


@dataclass
class Product:
    """A product that takes every webhook call; `answers` are statuses to give first, then 200."""

    url: str = ""
    calls: "queue.Queue[Call]" = field(default_factory=queue.Queue)
    answers: list[int] = field(default_factory=list)
    reply: bytes = b"<Response />"

    def next(self) -> Call:
        """The next call; fails when none comes."""
        return self.calls.get(timeout=10)

    def statuses(self, count: int) -> list[str]:
        """The message statuses of the next `count` callbacks."""
        return [self.next().form["MessageStatus"] for _ in range(count)]

    def quiet(self) -> bool:
        """Whether nothing more has arrived."""
        return self.calls.empty()


@pytest.fixture
def product(carrier: Carrier) -> Iterator[Product]:
    """A product whose webhooks the sandbox calls."""
    shop = Product()

    class Door(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            shop.calls.put(Call(self.path, dict(self.headers), body))
            self.send_response(shop.answers.pop(0) if shop.answers else 200)
            self.send_header("Content-Type", "text/xml")
            self.send_header("Content-Length", str(len(shop.reply)))
            self.end_headers()
            self.wfile.write(shop.reply)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    server = Server(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    shop.url = f"http://127.0.0.1:{server.server_address[1]}"
    carrier.call_webhooks_at(shop.url)
    yield shop
    carrier.reset()
    server.shutdown()
    server.server_close()
    thread.join()


class Redirect(TwilioHttpClient):
    """Twilio's own client, on its way to the sandbox."""

    def __init__(self, base: str) -> None:
        super().__init__(timeout=10)
        self.base = urlsplit(base)

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Any:
        parts = urlsplit(url)
        return super().request(
            method, urlunsplit((self.base.scheme, self.base.netloc, parts.path, parts.query, "")), *args, **kwargs
        )


@pytest.fixture
def twilio(carrier: Carrier) -> Iterator[Client]:
    """The real Twilio client."""
    client = Client(ACCOUNT_SID, AUTH_TOKEN, http_client=Redirect(carrier.url))
    yield client
    client.http_client.session.close()


Run = Callable[[Callable[[Bot], Any]], Any]


@pytest.fixture
def bot(carrier: Carrier, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The real Bot of python-telegram-bot, for one coroutine at a time: `bot(lambda b: b.get_me())`."""

    monkeypatch.setenv("PTB_TIMEDELTA", "1")  # durations as they will be in the package's next release

    def run(work: Callable[[Bot], Any], token: str = BOT_TOKEN) -> Any:
        async def turn() -> Any:
            async with Bot(token, base_url=f"{carrier.url}/bot") as real:
                return await work(real)

        with ThreadPoolExecutor(1) as beside:  # the browser's driver keeps a loop of its own in this thread
            return beside.submit(asyncio.run, turn()).result()

    return run


class Offline(service_account.Credentials):
    """Google's credentials without the look-up that leaves this machine."""

    def _is_regional_access_boundary_lookup_required(self) -> bool:
        return False


class Certificate(credentials.Certificate):
    """A key file whose credentials stay on this machine."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.offline = Offline.from_service_account_file(
            path, scopes=["https://www.googleapis.com/auth/firebase.messaging"]
        )

    def get_credential(self) -> Any:
        return self.offline


class Messaging(messaging._MessagingService):
    """Firebase's own sender, on its way to the sandbox, without hidden retries."""

    def __init__(self, app: Any, base: str) -> None:
        super().__init__(app)
        self._fcm_url = f"{base}/v1/projects/{app.project_id}/messages:send"
        self._fcm_topic_url = f"{base}/v1/projects/{app.project_id}/registrations"
        self._client.session.mount(base, HTTPAdapter(max_retries=0))


@pytest.fixture
def firebase(carrier: Carrier) -> Iterator[Any]:
    """A real Firebase app."""
    app = firebase_admin.initialize_app(Certificate(str(carrier.credentials)), {"httpTimeout": 10}, name="sandbox")
    app._get_service(messaging._MESSAGING_ATTRIBUTE, lambda made: Messaging(made, carrier.url))
    yield app
    app._get_service(messaging._MESSAGING_ATTRIBUTE, None)._client.close()
    firebase_admin.delete_app(app)


def push(token: str = "ben-token-0001", **more: Any) -> messaging.Message:
    """A push to one registration token (deprecated by the SDK, still in use in the field)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        notification = messaging.Notification("Order 1042 is on its way", "Promised for 2 January.")
        return messaging.Message(**({"token": token, "notification": notification} | more))
