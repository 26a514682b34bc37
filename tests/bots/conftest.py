"""The bots behind their real webhooks, signed as the providers sign; replies are read from the outbox."""

from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session
from twilio.request_validator import RequestValidator

from bots.sms import make_sms
from bots.telegram import make_telegram
from mcrm import db, keys
from mcrm.config import Settings
from mcrm.contacts.models import ContactPoint
from mcrm.deliveries.models import Delivery

TOKEN = "0f9c1d2e3b4a5968778695a4b3c2d1e0"
SECRET = "harbour-and-pine-webhook"
PUBLIC_URL = "https://crm.harbourandpine.example"
SMS_URL = "/webhooks/twilio/sms"
SETTINGS = Settings.from_environment(
    {
        "MCRM_DATABASE_URL": "sqlite:///unused.db",
        "MCRM_SECRET_KEY": "5e2d7a91c04b8f36a1e95d7c20b84f63",
        "MCRM_PUBLIC_URL": PUBLIC_URL,
        "MCRM_BUSINESS_NAME": "Harbour & Pine",
        "MCRM_LIMIT_INBOUND_PER_MINUTE": "200",
        "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_FROM": "+447700900100",
        "TELEGRAM_BOT_TOKEN": "70000:harbour_and_pine_bot_token",
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
    }
)


class Phones:
    """People who write to us, through the signed webhooks; `copies` says how often the provider delivers each."""

    def __init__(self, settings: Settings = SETTINGS) -> None:
        self.app = Flask(__name__)
        self.app.register_blueprint(make_sms(settings))
        self.app.register_blueprint(make_telegram(settings))
        self.copies = 1
        self.numbers = count(1)

    def text(self, sender: str, body: str, **more: str) -> int:
        """Somebody texts our number; the webhook's status."""
        form = {"MessageSid": f"SM{next(self.numbers):032x}", "From": sender, "To": "+447700900100", "Body": body}
        form |= more
        signature = RequestValidator(TOKEN).compute_signature(PUBLIC_URL + SMS_URL, form)
        return [self.post_sms(form, signature) for _ in range(self.copies)][-1]

    def post_sms(self, form: dict[str, str], signature: str | None, url: str = SMS_URL) -> int:
        """The request as it comes."""
        headers = {"X-Twilio-Signature": signature} if signature is not None else {}
        kind = "application/x-www-form-urlencoded"
        return self.app.test_client().post(url, data=urlencode(form), content_type=kind, headers=headers).status_code

    def chat(self, user: int, text: str | None = None, *, tap: str | None = None, **more: Any) -> int:
        """Somebody writes to our bot, or taps a button; the webhook's status."""
        sender = {"id": user, "is_bot": False, "first_name": "Ben", "language_code": "en"}
        message = {"message_id": 7, "date": 1767225600, "chat": {"id": user, "type": "private"}}
        if tap is not None:
            query = {"id": f"q{next(self.numbers)}", "from": sender, "data": tap, "message": message | {"text": "old"}}
            return self.update({"callback_query": query})
        return self.update({"message": message | {"from": sender} | ({"text": text} if text else {}) | more})

    def update(self, body: Any) -> int:
        """An update as Telegram delivers it."""
        if isinstance(body, dict):
            body = {"update_id": next(self.numbers), **body}
        return [self.post_update(body) for _ in range(self.copies)][-1]

    def post_update(self, body: Any, secret: str | None = SECRET) -> int:
        """The request as it comes."""
        headers = {"X-Telegram-Bot-Api-Secret-Token": secret} if secret is not None else {}
        return self.app.test_client().post("/webhooks/telegram", json=body, headers=headers).status_code


class Replies:
    """What waits in the outbox for one address, oldest first."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.seen: set[Any] = set()

    def to(self, address: str, operation: str = "send") -> list[Delivery]:
        """All of them."""
        query = select(Delivery).join(ContactPoint, ContactPoint.id == Delivery.contact_point_id)
        query = query.where(ContactPoint.address == address, Delivery.operation == operation).order_by(Delivery.id)
        return list(self.session.scalars(query))

    def fresh(self, address: str) -> list[Delivery]:
        """Those since the last look."""
        found = [delivery for delivery in self.to(address) if delivery.id not in self.seen]
        self.seen |= {delivery.id for delivery in found}
        return found


@pytest.fixture(autouse=True)
def secret() -> None:
    """The installation's secret."""
    keys.use(SETTINGS.secret_key)


@pytest.fixture
def phones(database: db.Database) -> Phones:
    """People's phones."""
    return Phones()


@pytest.fixture
def replies(session: Session) -> Iterator[Replies]:
    """What was answered."""
    yield Replies(session)
