"""The real packages against the carrier sandbox: what each refusal and each accident on the wire comes to."""

import asyncio
import json
import socket
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from mcrm import clock
from mcrm.config import Firebase, Telegram, Twilio
from mcrm.deliveries.outgoing import Ambiguous, Deferred, Failed, Moved, Operation, Outgoing, Sent, Suppressed
from mcrm.deliveries.segments import segments
from notifications.push import PushSender
from notifications.sms import SmsSender
from notifications.telegram import TelegramSender
from sandbox.app import make_app
from sandbox.settings import SandboxSettings
from sandbox.twilio_rules import segments as segments_of_the_carrier
from tests.notifications.cast import (
    ACCOUNT,
    AUTH_TOKEN,
    BEN,
    BEN_CHAT,
    BEN_TOKEN,
    BOT_TOKEN,
    OUR_NUMBER,
    SHORT_S,
    STATUS_URL,
    WEBHOOK_SECRET,
    key_file,
    to_ben,
)


class Sandbox:
    """The sandbox on a thread of this process."""

    def __init__(self, folder: Path, private_key: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        listening = socket.create_server(("127.0.0.1", 0))
        self.base = f"http://127.0.0.1:{listening.getsockname()[1]}"
        self.key = key_file(folder / "key.json", private_key, self.base)
        settings = SandboxSettings(
            twilio_account_sid=ACCOUNT,
            twilio_auth_token=AUTH_TOKEN,
            twilio_from=OUR_NUMBER,
            telegram_bot_token=BOT_TOKEN,
            firebase_credentials=self.key,
            callback_delay_s=60,
        )
        self.runner = web.AppRunner(make_app(settings), access_log=None, shutdown_timeout=0.1)
        self.run(self.runner.setup())
        self.run(web.SockSite(self.runner, listening).start())

    def run(self, work: Any) -> Any:
        """Run it on the sandbox's loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    def control(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        """One control call."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.base}/_control/{path}", data, method=method)
        request.add_header("Content-Type", "application/json")
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.loads(answer.read() or b"null")

    def goes_wrong(self, provider: str, kind: str, **facts: Any) -> None:
        """The next request fails this way."""
        self.control("POST", "faults", {"provider": provider, "kind": kind, "count": 1, **facts})

    def accepted(self) -> list[dict[str, Any]]:
        """What the carriers took since the test began."""
        return self.control("GET", "messages")["items"]

    def close(self) -> None:
        """Stop."""
        self.run(self.runner.cleanup())
        self.run(_cancelled())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


async def _cancelled() -> None:
    """End the requests that still hang on purpose."""
    hanging = asyncio.all_tasks() - {asyncio.current_task()}
    for task in hanging:
        task.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)


@pytest.fixture(scope="module")
def running(private_key: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """One sandbox for all tests here."""
    sandbox = Sandbox(tmp_path_factory.mktemp("sandbox"), private_key)
    yield sandbox
    sandbox.close()


@pytest.fixture
def sandbox(running: Sandbox) -> Sandbox:
    """The sandbox, with nothing accepted and nothing about to go wrong."""
    running.control("DELETE", "faults")
    running.control("DELETE", "messages")
    return running


@pytest.fixture(scope="module")
def sms(running: Sandbox) -> Iterator[SmsSender]:
    """SMS at the sandbox."""
    settings = Twilio(ACCOUNT, AUTH_TOKEN, OUR_NUMBER, None, running.base)
    sender = SmsSender(settings, STATUS_URL, timeout_s=SHORT_S)
    yield sender
    sender.close()


@pytest.fixture(scope="module")
def telegram(running: Sandbox) -> Iterator[TelegramSender]:
    """The bot at the sandbox."""
    sender = TelegramSender(Telegram(BOT_TOKEN, WEBHOOK_SECRET, running.base), timeout_s=SHORT_S)
    yield sender
    sender.close()


@pytest.fixture(scope="module")
def push(running: Sandbox) -> Iterator[PushSender]:
    """Push at the sandbox, which verifies the signed assertion for the access token."""
    sender = PushSender(Firebase(running.key, running.base), timeout_s=SHORT_S)
    yield sender
    sender.close()


def test_each_carrier_takes_what_is_well_formed(sandbox, sms, telegram, push):
    outcomes = [
        sms.send(to_ben("sms", ttl_s=3600)),
        telegram.send(to_ben("telegram", buttons=((("1042", "t:1042"),),))),
        push.send(to_ben("push", title="On its way", collapse_key="order-1042", ttl_s=86_400)),
    ]

    accepted = sandbox.accepted()
    assert [(item["channel"], item["to"]) for item in accepted] == [
        ("sms", BEN),
        ("telegram", BEN_CHAT),
        ("push", BEN_TOKEN),
    ]
    assert [Sent(item["provider_id"]) for item in accepted] == outcomes


def test_sixteen_at_once_lose_and_double_nothing(sandbox, sms, telegram, push):
    def batch(channel: str) -> list[Outgoing]:
        return [to_ben(channel, f"No. {number}") for number in range(48)]

    with ThreadPoolExecutor(16) as pool:
        for channel, sender in (("sms", sms), ("telegram", telegram), ("push", push)):
            outcomes = list(pool.map(sender.send, batch(channel)))
            taken = {item["provider_id"]: item["body"] for item in sandbox.accepted() if item["channel"] == channel}
            assert [taken[outcome.provider_id] for outcome in outcomes] == [f"No. {number}" for number in range(48)]
            assert len(taken) == 48


@pytest.mark.parametrize(
    ("address", "outcome"),
    [
        ("+15005550001", Failed("twilio.21211", address_invalid=True)),
        ("+15005550009", Failed("twilio.21614", address_invalid=True)),
        ("+15005550002", Failed("twilio.21612", alert=True)),
        ("+15005550003", Failed("twilio.21408", alert=True)),
        ("+15005550004", Suppressed("twilio.21610")),
        ("0770 0900201", Failed("twilio.21211", address_invalid=True)),
    ],
)
def test_a_bad_number_is_refused_as_twilio_does(sandbox, sms, address, outcome):
    assert sms.send(to_ben("sms", address=address)) == outcome
    assert sandbox.accepted() == []


SENDER_STOPS = {"retry_after_s": 300, "pauses_sender": True, "counts": False, "alert": True}


@pytest.mark.parametrize(
    ("kind", "facts", "outcome"),
    [
        (
            "rate_limit",
            {"retry_after_s": 7},
            Deferred("twilio.20429", retry_after_s=7, pauses_sender=True, counts=False),
        ),
        ("server_error", {}, Ambiguous("twilio.503")),
        ("hang", {"s": 30}, Ambiguous("sms.no-answer")),
        ("blocked", {}, Suppressed("twilio.21610")),
        ("error", {"code": 20003}, Deferred("twilio.20003", **SENDER_STOPS)),
        ("error", {"code": 21606}, Deferred("twilio.21606", **SENDER_STOPS)),
        (
            "error",
            {"code": 21611},
            Deferred("twilio.21611", retry_after_s=60, pauses_sender=True, counts=False),
        ),
        ("error", {"code": 21605}, Failed("twilio.21605", alert=True)),
    ],
)
def test_what_goes_wrong_at_twilio(sandbox, sms, kind, facts, outcome):
    sandbox.goes_wrong("twilio", kind, **facts)

    assert sms.send(to_ben("sms")) == outcome
    assert sandbox.accepted() == []


def test_a_text_that_is_too_long_is_our_mistake(sandbox, sms):
    assert sms.send(to_ben("sms", "a" * 1601)) == Failed("twilio.21617", alert=True)


def test_a_text_whose_answer_was_lost_is_found_again(sandbox, sms):
    since = clock.now() - timedelta(minutes=1)
    sandbox.goes_wrong("twilio", "accept_then_drop_reply")

    assert sms.send(to_ben("sms", "Order 1042 – on its way.")) == Ambiguous("sms.no-answer")
    (accepted,) = sandbox.accepted()
    assert sms.lookup(to_ben("sms", "Order 1042 – on its way."), since) == Sent(accepted["provider_id"])
    assert sms.lookup(to_ben("sms", "Order 1043 – on its way."), since) is None
    assert sms.fetch(accepted["provider_id"]).error_code is None


def test_wrong_credentials_stop_the_sender_and_keep_the_queue(sandbox):
    wrong = SmsSender(Twilio(ACCOUNT, "x" * 32, OUR_NUMBER, None, sandbox.base), STATUS_URL)
    nobody = TelegramSender(Telegram("700100:" + "x" * 35, WEBHOOK_SECRET, sandbox.base))

    assert wrong.send(to_ben("sms")) == Deferred("twilio.20003", **SENDER_STOPS)
    assert nobody.send(to_ben("telegram")) == Deferred("telegram.bad-token", **SENDER_STOPS)
    wrong.close()
    nobody.close()


@pytest.mark.parametrize(
    ("kind", "facts", "outcome"),
    [
        (
            "rate_limit",
            {"retry_after_s": 9},
            Deferred("telegram.429", retry_after_s=9, pauses_sender=True, counts=False),
        ),
        ("server_error", {}, Deferred("telegram.5xx")),
        ("hang", {"s": 30}, Ambiguous("telegram.no-answer")),
        ("blocked", {}, Suppressed("telegram.forbidden")),
        ("error", {"code": 401}, Deferred("telegram.bad-token", **SENDER_STOPS)),
        ("error", {"code": 400}, Failed("telegram.chat-not-found", address_invalid=True)),
        (
            "error",
            {"code": 403, "description": "Forbidden: bot can't initiate conversation with a user"},
            Failed("telegram.never-linked", address_invalid=True),
        ),
        ("error", {"code": 400, "migrate_to_chat_id": -100700201}, Moved("-100700201")),
    ],
)
def test_what_goes_wrong_at_telegram(sandbox, telegram, kind, facts, outcome):
    sandbox.goes_wrong("telegram", kind, **facts)

    assert telegram.send(to_ben("telegram")) == outcome
    assert sandbox.accepted() == []


def test_a_chat_message_whose_answer_was_lost_is_ambiguous(sandbox, telegram):
    sandbox.goes_wrong("telegram", "accept_then_drop_reply")

    assert telegram.send(to_ben("telegram")) == Ambiguous("telegram.no-answer")
    assert len(sandbox.accepted()) == 1


def test_a_message_is_edited_once_and_the_same_edit_again_harms_nobody(sandbox, telegram):
    first = telegram.send(to_ben("telegram", "On its way."))
    edit = to_ben("telegram", "Delivered.", operation=Operation.EDIT, reference=first.provider_id)

    assert [telegram.send(edit), telegram.send(edit)] == [first, first]
    assert [item["method"] for item in sandbox.accepted()] == ["sendMessage", "editMessageText"]


def test_a_tap_from_before_a_restart_can_no_longer_be_answered_and_that_is_fine(sandbox, telegram):
    answer = to_ben("telegram", "", operation=Operation.ANSWER, reference="123456")

    assert telegram.send(answer) == Sent("123456")
    assert sandbox.accepted() == []


def test_an_edit_of_a_message_that_is_gone_and_a_text_that_is_too_long(sandbox, telegram):
    gone = to_ben("telegram", "Delivered.", operation=Operation.EDIT, reference="999999")

    assert telegram.send(gone) == Failed("telegram.message-gone")
    assert telegram.send(to_ben("telegram", "a" * 4097)) == Failed("telegram.bad-request", alert=True)


@pytest.mark.parametrize(
    ("kind", "facts", "outcome"),
    [
        ("rate_limit", {"retry_after_s": 90}, Deferred("fcm.quota", retry_after_s=90, pauses_sender=True)),
        ("rate_limit", {}, Deferred("fcm.quota", retry_after_s=60, pauses_sender=True)),
        ("server_error", {"retry_after_s": 3}, Deferred("fcm.503", retry_after_s=3)),
        ("server_error", {"status": 500}, Deferred("fcm.500")),
        ("hang", {"s": 30}, Ambiguous("fcm.no-answer")),
        ("unregistered_token", {}, Failed("fcm.unregistered", address_invalid=True)),
        ("error", {"code": "SENDER_ID_MISMATCH"}, Failed("fcm.sender-id-mismatch", address_invalid=True)),
        ("error", {"code": "INVALID_ARGUMENT"}, Failed("fcm.invalid-token", address_invalid=True)),
        ("error", {"code": 403}, Deferred("fcm.unauthenticated", **SENDER_STOPS)),
    ],
)
def test_what_goes_wrong_at_fcm(sandbox, push, kind, facts, outcome):
    sandbox.goes_wrong("fcm", kind, **facts)

    assert push.send(to_ben("push")) == outcome
    assert sandbox.accepted() == []


def test_a_key_of_apple_that_is_wrong_shuts_that_platform_alone(sandbox, push):
    sandbox.goes_wrong("fcm", "error", code="THIRD_PARTY_AUTH_ERROR", to=BEN_TOKEN, count=3)

    assert push.send(to_ben("push")) == Deferred(
        "fcm.third-party-auth", retry_after_s=900, pauses_platform=True, alert=True
    )


def test_a_push_whose_answer_was_lost_is_ambiguous_and_its_repetition_replaces_it(sandbox, push):
    sandbox.goes_wrong("fcm", "accept_then_drop_reply")
    shipped = to_ben("push", title="On its way", collapse_key="order-1042")

    assert push.send(shipped) == Ambiguous("fcm.no-answer")
    assert isinstance(push.send(shipped), Sent)
    tags = {item["raw"]["message"]["android"]["notification"]["tag"] for item in sandbox.accepted()}
    assert len(sandbox.accepted()) == 2 and tags == {"order-1042"}


def test_a_malformed_token_is_dropped_and_malformed_data_are_not_its_fault(sandbox, push):
    assert push.send(to_ben("push", address="not a token")) == Failed("fcm.invalid-token", address_invalid=True)
    assert push.send(to_ben("push", data={"from": "us"})) == Failed("fcm.400", alert=True)
    assert push.send(to_ben("push", "a" * 5000)) == Failed("fcm.400", alert=True)


@pytest.mark.parametrize("text", ["a" * 161, "€" * 81, "a" * 152 + "€" + "a" * 152, "🌲" * 36, "я" * 135, "a" * 307])
def test_we_count_segments_as_the_carrier_does(text):
    assert segments(text)[1] == segments_of_the_carrier(text)
