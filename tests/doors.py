"""The application as the tests enter it: the real one, with settings of the demo's kind."""

from collections.abc import Callable
from dataclasses import replace

from flask import Blueprint, Flask

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


Door = Callable[[Settings], tuple[Blueprint, frozenset[str]]]


def make_app(made: Settings | None = None, *, door: Door | None = None) -> Flask:
    """The real application, with one more `door` in it; the database in use is the fixture's.

    It is built once for the same settings and door, which takes half a second: between requests it keeps nothing but
    how often callers called, and that begins anew here.
    """
    made = made or settings()
    keys.use(made.secret_key)
    app, by_actor, by_address = _built(made, door)
    root = app.extensions[EXTENSION]
    root.by_actor, root.by_address = Buckets(by_actor), Buckets(by_address)
    return app


def _built(made: Settings, door: Door | None) -> tuple[Flask, Rate, Rate]:
    known = next((built for key, built in _BUILT if key == (made, door)), None)
    if known is not None:
        return known
    app = create_app(made, blueprints=(chat.blueprint,), doors=[door(made)] if door else ())
    root = app.extensions[EXTENSION]
    _BUILT.append(((made, door), (app, root.by_actor.rate, root.by_address.rate)))
    return _BUILT[-1][1]


_BUILT: list[tuple[tuple[Settings, Door | None], tuple[Flask, Rate, Rate]]] = []
