"""Who is who at Harbour & Pine when messages go out."""

import json
from pathlib import Path
from typing import Any
from uuid import UUID

from mcrm.deliveries.outgoing import Outgoing

ACCOUNT = "AC" + "0123456789abcdef" * 2
AUTH_TOKEN = "0f9e8d7c6b5a49382716051423324150"
OUR_NUMBER = "+447700900100"
BOT_TOKEN = "700100:AAHarbourAndPineTestBotToken_0000000"
WEBHOOK_SECRET = "harbour-and-pine-webhook-secret"
PROJECT = "harbour-and-pine"
NOBODY = "http://127.0.0.1:9"
STATUS_URL = "http://127.0.0.1:9/webhooks/twilio/status"
DELIVERY = UUID("01990000-0000-7000-8000-000000000001")
SHORT_S = 0.3

BEN, BEN_CHAT, BEN_TOKEN = "+447700900201", "700201", "ben-phone-token"


def to_ben(channel: str, text: str = "Order 1042 is on its way.", **facts: Any) -> Outgoing:
    """A delivery to Ben Okafor on one channel."""
    address = {"sms": BEN, "telegram": BEN_CHAT, "push": BEN_TOKEN, "app": "ben"}[channel]
    return Outgoing(**{"id": DELIVERY, "channel": channel, "address": address, "text": text, **facts})


def key_file(path: Path, private_key: str, token_base: str) -> Path:
    """A service-account key whose tokens come from `token_base`."""
    account = {
        "type": "service_account",
        "project_id": PROJECT,
        "private_key_id": "1",
        "private_key": private_key,
        "client_email": f"push@{PROJECT}.iam.gserviceaccount.com",
        "token_uri": f"{token_base}/token",
    }
    path.write_text(json.dumps(account))
    return path
