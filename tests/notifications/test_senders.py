"""Which channels are on, what they cost, and what a process pays that sends nothing."""

import dataclasses
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from mcrm.config import BadSetting, Firebase, Settings, Telegram, Twilio
from mcrm.deliveries.outgoing import Ambiguous, Failed, Sent
from notifications.senders import Late, Senders, make_senders, one
from tests.notifications.cast import ACCOUNT, AUTH_TOKEN, BOT_TOKEN, OUR_NUMBER, WEBHOOK_SECRET, key_file, to_ben
from tests.notifications.scripted import as_json

BARE = Settings.from_environment(
    {
        "MCRM_DATABASE_URL": "sqlite:///unused.db",
        "MCRM_SECRET_KEY": "0123456789abcdef0123456789abcdef",
        "MCRM_PUBLIC_URL": "http://127.0.0.1:9",
    }
)


@pytest.fixture
def settings(provider, private_key, tmp_path) -> Settings:
    return dataclasses.replace(
        BARE,
        twilio=Twilio(ACCOUNT, AUTH_TOKEN, OUR_NUMBER, None, provider.base),
        telegram=Telegram(BOT_TOKEN, WEBHOOK_SECRET, provider.base),
        firebase=Firebase(key_file(tmp_path / "key.json", private_key, provider.base), provider.base),
    )


def test_a_channel_without_its_settings_is_absent_and_says_so(settings):
    assert list(make_senders(settings)) == ["app", "sms", "telegram", "push"]
    assert list(make_senders(dataclasses.replace(settings, telegram=None))) == ["app", "sms", "push"]
    assert make_senders(BARE).send(to_ben("sms")) == Failed("channel.off")


def test_each_message_goes_out_by_its_own_channel(settings, provider):
    senders = make_senders(settings)
    chat = {"id": 700201, "type": "private"}
    provider.says(
        as_json(201, {"sid": "SM1"}),
        as_json(200, {"ok": True, "result": {"message_id": 2, "date": 1764100000, "chat": chat}}),
        as_json(200, {"name": "projects/p/messages/3"}),
    )

    outcomes = [senders.send(to_ben(channel)) for channel in ("sms", "telegram", "push")]
    senders.close()

    assert outcomes == [Sent("SM1"), Sent("2"), Sent("projects/p/messages/3")]


def test_rate_limits_are_kept_by_sender_and_texts_are_counted_in_segments(settings):
    senders = make_senders(settings)

    assert {channel: sender.sender_key for channel, sender in senders.items()} == {
        "app": "app",
        "sms": f"sms:{OUR_NUMBER}",
        "telegram": "telegram:700100",
        "push": "push:harbour-and-pine",
    }
    long = "It’s here… " + "a" * 300
    assert {channel: sender.cost(to_ben(channel, long)) for channel, sender in senders.items()} == {
        "app": 1,
        "sms": 3,
        "telegram": 1,
        "push": 1,
    }


def test_a_file_that_is_no_key_stops_the_start_and_names_its_setting(settings, tmp_path):
    (odd := tmp_path / "odd.json").write_text("{}")

    with pytest.raises(BadSetting, match="FIREBASE_CREDENTIALS"):
        make_senders(dataclasses.replace(settings, firebase=Firebase(odd, None)))


def test_no_providers_package_is_imported_before_a_message_goes_out():
    heavy = "{'twilio', 'telegram', 'firebase_admin', 'google', 'requests', 'aiohttp', 'httpx'}"
    code = f"import sys, notifications.senders; print({heavy} & set(sys.modules))"

    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


class Broken:
    """An adapter with a mistake in it."""

    def send(self, outgoing):
        raise RuntimeError(f"to {outgoing.address}: {outgoing.text}")

    def close(self) -> None:
        pass


def test_a_mistake_in_an_adapter_is_ambiguous_and_its_words_are_not_logged(caplog):
    senders = Senders({"sms": Late("sms:broken", Broken, lambda _: 1)})

    assert senders.send(to_ben("sms", "a secret")) == Ambiguous("unforeseen.RuntimeError")
    assert "RuntimeError" in caplog.text and "test_senders.py" in caplog.text
    assert "a secret" not in caplog.text and "+447700900201" not in caplog.text


def test_a_client_is_made_once_and_anew_after_it_was_closed():
    made = []

    class Quiet(Broken):
        def send(self, outgoing):
            return Sent("1")

    late = Late("sms:quiet", lambda: made.append(1) or Quiet(), lambda _: 1)
    assert made == []
    late.warm_up()
    late.send(to_ben("sms"))
    assert made == [1]
    late.close()
    late.close()
    late.send(to_ben("sms"))
    assert made == [1, 1]


def test_senders_are_made_one_after_the_other_however_many_lanes_begin_at_once():
    """Two packages that import each other, begun from both ends, would each find the other half made."""
    making, together = threading.Lock(), []

    def make():
        together.append(not making.acquire(blocking=False))
        time.sleep(0.02)
        making.release()
        return object()

    late = [Late(f"lane:{number}", make, one) for number in range(4)]
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(Late.warm_up, late))
    assert together == [False] * 4
