"""What one message costs in each adapter, and push against the same package in a bare loop.

Every figure comes from this process; the provider is another one that answers with constants. CPU per message is the
steady figure, messages per second depend on what else the machine does.
"""

import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from joserfc.jwk import RSAKey

from bench.report import Figure
from mcrm.config import Firebase, Telegram, Twilio
from mcrm.deliveries.outgoing import Outgoing, Sent
from notifications.push import PushSender
from notifications.sms import SmsSender
from notifications.telegram import TelegramSender

MESSAGES, THREADS, ROUNDS = 1200, 16, 2
TO = "+447700900201"


@contextlib.contextmanager
def constant_provider() -> Iterator[str]:
    """The origin of a provider in a process of its own."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--port", str(port), "--log-level", "error"]
    server = subprocess.Popen([*command, "bench.constant_replies:app"])
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait()


@dataclass(frozen=True, slots=True)
class Speed:
    """Messages a second, and microseconds of processor time a message."""

    rate: float
    cpu_us: float

    def __str__(self) -> str:
        """As the table shows it."""
        return f"{self.rate:,.0f} messages/s, {self.cpu_us:.0f} µs CPU each"


def speed(name: str, send: Callable[[Outgoing], object], outgoing: Outgoing, *, per_call: int = 1) -> Speed:
    """The best of some rounds; a call sends `per_call` messages."""
    best_rate, best_cpu = 0.0, float("inf")
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(send, [outgoing] * THREADS * 4))
        for _ in range(ROUNDS):
            wall, cpu = time.perf_counter(), time.process_time()
            results = list(pool.map(send, [outgoing] * (MESSAGES // per_call)))
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            if not all(results):
                raise RuntimeError(f"{name}: not everything was sent")
            best_rate, best_cpu = max(best_rate, MESSAGES / wall), min(best_cpu, cpu / MESSAGES * 1e6)
    return Speed(best_rate, best_cpu)


def sent(send: Callable[[Outgoing], object]) -> Callable[[Outgoing], bool]:
    """Whether it was taken."""
    return lambda outgoing: isinstance(send(outgoing), Sent)


def bare_push(settings: Firebase, token: str) -> Callable[[Outgoing], object]:
    """What one writes with the stock package: the same content, its own service, only its URL changed."""
    import firebase_admin
    from firebase_admin import credentials, messaging

    app = firebase_admin.initialize_app(credentials.Certificate(str(settings.credentials)), name="bare")
    service = messaging._get_messaging_service(app)
    service._fcm_url = f"{settings.api_base}/v1/projects/{app.project_id}/messages:send"
    # The pool that it has towards the real origin, without which 16 threads would throw connections away.
    service._client.session.mount(
        str(settings.api_base), service._client.session.get_adapter("https://fcm.googleapis.com")
    )

    def send(outgoing: Outgoing) -> object:
        message = messaging.Message(
            fid=token,
            notification=messaging.Notification(title=outgoing.title, body=outgoing.text),
            data={"event": "order.shipped"},
            android=messaging.AndroidConfig(
                collapse_key="order-1042",
                priority="high",
                ttl=86400,
                notification=messaging.AndroidNotification(tag="order-1042"),
            ),
        )
        return messaging.send(message, app=app)

    return send


def key_file(folder: Path, base: str) -> Path:
    """A service-account key whose tokens come from the constant provider."""
    account = {
        "type": "service_account",
        "project_id": "harbour-and-pine",
        "private_key_id": "1",
        "private_key": RSAKey.generate_key(2048, private=True).as_pem(private=True).decode(),
        "client_email": "push@harbour-and-pine.iam.gserviceaccount.com",
        "token_uri": f"{base}/token",
    }
    (path := folder / "key.json").write_text(json.dumps(account))
    return path


def measure() -> Iterator[Figure]:
    """All three, and push beside the bare loop."""
    text = "Order 1042 is on its way, promised for 2 January."
    facts = {"title": "On its way", "data": {"event": "order.shipped"}, "collapse_key": "order-1042", "ttl_s": 86400}
    with constant_provider() as base, tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as ending:
        twilio = Twilio("AC" + "0" * 32, "0f9e8d7c6b5a49382716051423324150", "+447700900100", None, base)
        sms = SmsSender(twilio, f"{base}/webhooks/twilio/status")
        ending.callback(sms.close)
        yield Figure("texts, adapter", str(speed("sms", sent(sms.send), Outgoing(uuid.uuid4(), "sms", TO, text))))
        telegram = TelegramSender(Telegram("700100:" + "A" * 35, "s" * 32, base))
        ending.callback(telegram.close)
        chat = Outgoing(uuid.uuid4(), "telegram", "700201", text)
        slices = speed("telegram", lambda _: all(telegram.send_many([chat] * 16)), chat, per_call=16)
        yield Figure("telegram, adapter, in slices of 16", str(slices))
        firebase = Firebase(key_file(Path(folder), base), base)
        push = PushSender(firebase)
        ending.callback(push.close)
        outgoing = Outgoing(uuid.uuid4(), "push", "ben-phone", text, address_kind="fid", platform="android", **facts)
        yield beside(sent(push.send), bare_push(firebase, outgoing.address), outgoing)


def beside(ours: Callable[[Outgoing], object], bare: Callable[[Outgoing], object], outgoing: Outgoing) -> Figure:
    """Push through our adapter and in a bare loop, in turns, so that the machine's moods fall on both."""
    pairs = [(speed("bare", bare, outgoing).rate, speed("push", ours, outgoing).rate) for _ in range(3)]
    bare_rate, our_rate = (max(rates) for rates in zip(*pairs, strict=True))
    words = f"{our_rate:,.0f} messages/s, the bare loop {bare_rate:,.0f}"
    return Figure("push, adapter beside the package's bare loop", words).at_least(our_rate / bare_rate, 1.0)
