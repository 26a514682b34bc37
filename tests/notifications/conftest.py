"""The three adapters with the providers' real packages, pointed at this machine."""

import socket
from collections.abc import Iterator

import pytest
from joserfc.jwk import RSAKey

from mcrm.config import Firebase, Telegram, Twilio
from notifications.push import PushSender
from notifications.sms import SmsSender
from notifications.telegram import TelegramSender
from tests.notifications.cast import (
    ACCOUNT,
    AUTH_TOKEN,
    BOT_TOKEN,
    OUR_NUMBER,
    SHORT_S,
    STATUS_URL,
    WEBHOOK_SECRET,
    key_file,
)
from tests.notifications.scripted import Scripted
from tests.sandbox_fixture import carrier, carrier_of_the_run

__all__ = ["carrier", "carrier_of_the_run"]


@pytest.fixture(autouse=True)
def no_other_host(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Every look-up of a name and every connection must mean this machine; the test fails at its end otherwise."""
    elsewhere: list[str] = []
    real_lookup, real_connect = socket.getaddrinfo, socket.socket.connect

    def lookup(host, *args, **kwargs):  # type: ignore[no-untyped-def]
        if host not in ("127.0.0.1", "localhost", "::1", None):
            elsewhere.append(str(host))
            raise socket.gaierror(socket.EAI_NONAME, "no such host in tests")
        return real_lookup(host, *args, **kwargs)

    def connect(self, address):  # type: ignore[no-untyped-def]
        if isinstance(address, tuple) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            elsewhere.append(str(address[0]))
            raise ConnectionRefusedError
        return real_connect(self, address)

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    monkeypatch.setattr(socket.socket, "connect", connect)
    yield elsewhere
    assert elsewhere == []


@pytest.fixture(scope="session")
def private_key() -> str:
    """One RSA key for the whole run: making it is slow."""
    return RSAKey.generate_key(2048, private=True).as_pem(private=True).decode()


@pytest.fixture(scope="session")
def provider() -> Iterator[Scripted]:
    """A provider that says what the test wrote down; a test begins with `says`."""
    scripted = Scripted()
    yield scripted
    scripted.close()


@pytest.fixture(scope="session")
def sms(provider: Scripted) -> Iterator[SmsSender]:
    """SMS through the scripted provider."""
    sender = SmsSender(Twilio(ACCOUNT, AUTH_TOKEN, OUR_NUMBER, None, provider.base), STATUS_URL, timeout_s=SHORT_S)
    yield sender
    sender.close()


@pytest.fixture(scope="session")
def telegram(provider: Scripted) -> Iterator[TelegramSender]:
    """Telegram through the scripted provider."""
    sender = TelegramSender(Telegram(BOT_TOKEN, WEBHOOK_SECRET, provider.base), timeout_s=SHORT_S)
    yield sender
    sender.close()


@pytest.fixture(scope="session")
def push(provider: Scripted, private_key: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PushSender]:
    """Push through the scripted provider."""
    key = key_file(tmp_path_factory.mktemp("keys") / "key.json", private_key, provider.base)
    sender = PushSender(Firebase(key, provider.base), timeout_s=SHORT_S)
    yield sender
    sender.close()
