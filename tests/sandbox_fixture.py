"""The carrier sandbox for tests: `carrier`, one in a thread for the whole run, spoken to over HTTP."""

import asyncio
import socket
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from aiohttp import web

from sandbox.app import EXCHANGE, MAIL, make_app
from sandbox.keys import make_service_account
from sandbox.settings import SandboxSettings

ACCOUNT_SID = "AC" + "5a4db0c5" * 4
AUTH_TOKEN = "the-auth-token-of-the-tests-0001"
OUR_NUMBER = "+447700900100"
BOT_TOKEN = "7001000:tests-tests-tests-tests-tests-000"
WEBHOOK_SECRET = "secret-of-the-telegram-webhook-in-tests"
PROJECT = "harbour-pine-tests"
SMTP_USER, SMTP_PASSWORD = "shop", "p@ss of the tests"
SMTP_FROM = "shop@harbourandpine.example"


class Carrier:
    """A running sandbox. `settings` are what the product must be set to; all helpers speak HTTP."""

    def __init__(self, folder: Path, port: int = 0, **changed: Any) -> None:
        """Start on `port` (0: a free one); `changed` are fields of SandboxSettings. Files go to `folder`."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sandbox", daemon=True)
        self._thread.start()
        self.credentials = folder / "service-account.json"
        self.log = folder / "accepted.jsonl"
        # Bound before the application is made: the key file names the token endpoint on this port.
        self._socket = socket.create_server(("127.0.0.1", port), backlog=512)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        if not self.credentials.exists():
            make_service_account(self.credentials, f"{self.url}/token", PROJECT)
        self.settings = SandboxSettings(
            twilio_account_sid=ACCOUNT_SID,
            twilio_auth_token=AUTH_TOKEN,
            twilio_from=OUR_NUMBER,
            telegram_bot_token=BOT_TOKEN,
            telegram_webhook_secret=WEBHOOK_SECRET,
            firebase_credentials=self.credentials,
            log=self.log,
            smtp_port=0,
            smtp_user=SMTP_USER,
            smtp_password=SMTP_PASSWORD,
            callback_delay_s=0.005,
        )
        self.settings = replace(self.settings, **changed)
        self._app = make_app(self.settings)
        self._runner = self._run(self._served())
        self._http = requests.Session()

    def environment(self) -> dict[str, str]:
        """The settings of the product that point it at this sandbox."""
        settings = self.settings
        return {
            "TWILIO_ACCOUNT_SID": settings.twilio_account_sid,
            "TWILIO_AUTH_TOKEN": settings.twilio_auth_token,
            "TWILIO_FROM": settings.twilio_from,
            "TWILIO_API_BASE": self.url,
            "TELEGRAM_BOT_TOKEN": settings.telegram_bot_token,
            "TELEGRAM_WEBHOOK_SECRET": settings.telegram_webhook_secret,
            "TELEGRAM_API_BASE": self.url,
            "FIREBASE_CREDENTIALS": str(self.credentials),
            "FCM_API_BASE": self.url,
            "SMTP_URL": f"smtp://{quote(SMTP_USER)}:{quote(SMTP_PASSWORD)}@127.0.0.1:{self.smtp_port}",
            "SMTP_FROM": SMTP_FROM,
        }

    @property
    def smtp_port(self) -> int:
        """Where mail is taken."""
        port = self._app[MAIL].port
        assert port is not None
        return port

    def call_webhooks_at(self, public_url: str) -> None:
        """From now on the product is there: texts and Telegram updates go to its webhooks."""
        self._app[EXCHANGE].public_url = public_url.rstrip("/")
        webhook = {"url": f"{public_url.rstrip('/')}/webhooks/telegram", "secret_token": WEBHOOK_SECRET}
        self._http.post(f"{self.url}/bot{BOT_TOKEN}/setWebhook", json=webhook, timeout=30).raise_for_status()

    def reset(self) -> None:
        """No faults, no messages, nobody opted out, nothing on its way."""
        self._http.post(f"{self.url}/_control/reset", timeout=30).raise_for_status()

    def text(self, from_: str, body: str, to: str | None = None) -> dict[str, Any]:
        """Somebody texts our number: `sid` and `webhook_status`."""
        return self._control("sms", {"from": from_, "body": body} | ({"to": to} if to else {}))

    def telegram(self, user_id: int, text: str | None = None, **deed: Any) -> dict[str, Any]:
        """Somebody writes to the bot (or taps: `callback_data=`, shares: `contact=`): `update_id`, `webhook_status`."""
        return self._control("telegram", {"user_id": user_id} | ({} if text is None else {"text": text}) | deed)

    def replay(self, **inbound: Any) -> dict[str, Any]:
        """The same inbound once more: `sid=` or `update_id=`."""
        return self._control("replay", inbound)

    def messages(self, channel: str | None = None, *, to: str | None = None, after: int = 0) -> list[dict[str, Any]]:
        """What the carriers accepted, oldest first."""
        query = {"channel": channel, "to": to, "after": after}
        answer = self._http.get(f"{self.url}/_control/messages", params=query, timeout=30)
        answer.raise_for_status()
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def bodies(self, channel: str | None = None, *, to: str | None = None) -> list[str]:
        """The words of the accepted messages."""
        return [item["body"] for item in self.messages(channel, to=to)]

    def history(self) -> list[dict[str, Any]]:
        """Everything in both directions, with status changes."""
        answer = self._http.get(f"{self.url}/_control/history", timeout=30)
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    def fault(self, provider: str, kind: str, **more: Any) -> None:
        """Make something go wrong: `count=`, `to=`, and what the kind needs."""
        self._control("faults", {"provider": provider, "kind": kind} | more)

    def stop(self) -> None:
        """Stop the server and its thread."""
        self._http.close()
        self._run(self._runner.cleanup())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    def _control(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._http.post(f"{self.url}/_control/{path}", json=body, timeout=60)
        answer.raise_for_status()
        shown: dict[str, Any] = answer.json()
        return shown

    def _run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _served(self) -> web.AppRunner:
        runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        await web.SockSite(runner, self._socket).start()
        return runner


@pytest.fixture(scope="session")
def carrier_of_the_run() -> Iterator[Carrier]:
    """One sandbox for the whole run."""
    with tempfile.TemporaryDirectory(prefix="sandbox-") as folder:
        carrier = Carrier(Path(folder))
        yield carrier
        carrier.stop()


@pytest.fixture
def carrier(carrier_of_the_run: Carrier) -> Carrier:
    """The sandbox, as after a start."""
    carrier_of_the_run.reset()
    return carrier_of_the_run
