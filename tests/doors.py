"""The application as the tests enter it: the real one, with settings of the demo's kind."""

from dataclasses import replace

from flask import Flask

from bots import chat
from mcrm import keys
from mcrm.api.ratelimit import Buckets, Rate
from mcrm.api.state import EXTENSION
from mcrm.app import create_app
from mcrm.config import Limits, Settings

ENVIRONMENT = {
    "MCRM_DATABASE_URL": "sqlite:///unused.db",
    "MCRM_SECRET_KEY": "0f9c1d2e3b4a5968778695a4b3c2d1e0",
    "MCRM_PUBLIC_URL": "http://localhost",
    "MCRM_BUSINESS_NAME": "Harbour & Pine",
    "MCRM_TIMEZONE": "Europe/London",
    "TWILIO_ACCOUNT_SID": "AC" + "0123456789abcdef" * 2,
    "TWILIO_AUTH_TOKEN": "5f2c8e1b9d7a4036c1e8f5b2a9d60473",
    "TWILIO_FROM": "+447700900100",
    "TELEGRAM_BOT_TOKEN": "700100:a-token-of-the-sandbox-only-0001",
    "TELEGRAM_WEBHOOK_SECRET": "a-webhook-secret-of-the-tests",
}


def settings(**limits: int) -> Settings:
    """Settings for tests; `limits` replace single ones."""
    made = Settings.from_environment(ENVIRONMENT)
    return replace(made, limits=replace(Limits(), **limits))


def make_app(made: Settings | None = None) -> Flask:
    """The real application; the database in use is the fixture's.

    It is built once for the same settings, which takes half a second: between requests it keeps nothing but how often
    callers called, and that begins anew here.
    """
    made = made or settings()
    keys.use(made.secret_key)
    app, by_actor, by_address = _built(made)
    root = app.extensions[EXTENSION]
    root.by_actor, root.by_address = Buckets(by_actor), Buckets(by_address)
    return app


def _built(made: Settings) -> tuple[Flask, Rate, Rate]:
    known = next((built for built in _BUILT if built[0] == made), None)
    if known is not None:
        return known[1:]
    app = create_app(made, blueprints=(chat.blueprint,))
    root = app.extensions[EXTENSION]
    _BUILT.append((made, app, root.by_actor.rate, root.by_address.rate))
    return _BUILT[-1][1:]


_BUILT: list[tuple[Settings, Flask, Rate, Rate]] = []
