"""Puts the parts together from the settings; nothing else may import everything.

`flask_app` and `edge` make the web process, `work` the one that delivers and turns the engines. Connections, threads
and provider clients begin in the process that uses them, never at import.
"""

import os
import signal
import threading
from collections.abc import Callable, Mapping
from functools import partial

import structlog
from flask import Flask
from sqlalchemy import Engine, text

from apps import serving
from bots import chat, sms, telegram
from mcrm import db, live, logs
from mcrm.app import create_app
from mcrm.bulk.sheets import MOST_BYTES
from mcrm.config import Settings, Telegram
from mcrm.db import Database
from mcrm.deliveries import figures
from mcrm.edge.app import Edge, LiveSource, edge_app
from mcrm.edge.streams import CHAT, INBOX
from mcrm.opening import open_database, say_what_is_off
from mcrm.sync.limits import LARGEST_PUSH
from mcrm.transaction import TOPIC_ENGINES
from mcrm.wakeup import Listener
from mcrm.worker import EngineWorker, engines
from migrations import running
from notifications import receipts
from notifications.resolver import Resolver
from notifications.senders import Senders, make_senders
from notifications.worker import TOPICS, DeliveryWorker

log = structlog.get_logger(__name__)
WEBHOOK_RETRY_S = 5.0


def settings_from_environment() -> Settings:
    """The settings of this process; raises BadSetting."""
    return Settings.from_environment(os.environ)


def flask_app(settings: Settings) -> Flask:
    """The Flask application with every door on it. Call it in the process that serves, after any fork."""
    database = open_database(settings)
    doors = (
        (sms.make_sms(settings), frozenset(sms.ENDPOINTS)),
        (telegram.make_telegram(settings), frozenset(telegram.ENDPOINTS)),
        (receipts.make_receipts(settings), receipts.ENDPOINTS),
        (serving.make_rep(settings), serving.ENDPOINTS),
        (serving.make_agent(settings), serving.AGENT_ENDPOINTS),
        (serving.make_customer(settings), serving.CUSTOMER_ENDPOINTS),
    )
    return create_app(
        settings,
        blueprints=(chat.blueprint,),
        doors=doors,
        checks=checks(settings, database),
        gauges=figures.GAUGES,
    )


def checks(settings: Settings, database: Database) -> Mapping[str, Callable[[], str | None]]:
    """The parts of /readyz: the database with its revision, the outbox, each provider."""
    providers = {
        "sms": settings.twilio,
        "telegram": settings.telegram,
        "push": settings.firebase,
        "email": settings.mail,
    }
    off = {name: "off: no settings" if provider is None else None for name, provider in providers.items()}
    return {
        "database": partial(_database_check, database),
        "outbox": figures.trouble,
        "senders": figures.pauses,
        **{name: partial(_said, reason) for name, reason in off.items()},
    }


def _said(reason: str | None) -> str | None:
    return reason


def _database_check(database: Database) -> str | None:
    assert isinstance(database.bind, Engine)
    with db.reading(database) as session:
        stands = session.scalar(text("SELECT version_num FROM alembic_version"))
    return None if stands == running.newest() else f"at revision {stands}, not {running.newest()}"


def edge(settings: Settings) -> Edge:
    """The web process's ASGI application; made in each of the server's workers."""
    logs.configure(settings.log_format, process="web")
    return edge_app(
        partial(flask_app, settings),
        limits=settings.limits,
        body_limits={"/v1/imports": MOST_BYTES, "/v1/sync": LARGEST_PUSH},
        make_live=lambda: LiveSource(
            partial(live.authorise, settings),
            live.CommittedChanges(),
            settings.database_url,
            partial(live.has_news, settings),
            {INBOX: partial(live.authorise_desk, settings), CHAT: partial(live.authorise_chat, settings)},
        ),
    )


def work(settings: Settings) -> int:
    """Deliver and turn the engines until SIGTERM or SIGINT; 0 when everything in flight was finished."""
    logs.configure(settings.log_format, process="worker")
    database = open_database(settings, pool_size=8)
    running.require_migrated(database)
    say_what_is_off(settings)
    listener = Listener(database, {TOPIC_ENGINES, *TOPICS})
    senders = make_senders(settings)
    deliveries = DeliveryWorker(senders, settings.limits, listener)
    turned = engines(
        settings.limits,
        order_hold_hours=settings.order_hold_hours,
        public_url=settings.public_url,
        business=settings.business_name,
    )
    turning = EngineWorker(turned, listener)
    resolver = Resolver(senders)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    threading.Thread(target=_point_telegram_here, args=(settings, senders, stopping), daemon=True).start()
    deliveries.start()
    turning.start()
    resolver.start()
    log.info("worker ready", channels=sorted(senders))
    stopping.wait()
    listener.close()
    turning.stop()
    resolver.stop()
    finished = deliveries.stop()
    database.close()
    log.info("worker stopped", finished=finished)
    return 0 if finished else 1


def _point_telegram_here(settings: Settings, senders: Senders, stopping: threading.Event) -> None:
    """Tell Telegram where our webhook is, until it has heard it, and ask for the bot's name."""
    if settings.telegram is None:
        return
    url = f"{settings.public_url}/webhooks/telegram"
    while not stopping.is_set():
        try:
            senders["telegram"].real.set_webhook(url)  # type: ignore[attr-defined]
            _compare_name(settings.telegram, senders["telegram"].real.username())  # type: ignore[attr-defined]
            return
        except Exception as error:
            log.warning("telegram did not take the webhook", error=type(error).__name__)
            stopping.wait(WEBHOOK_RETRY_S)


def _compare_name(telegram: Telegram, username: str) -> None:
    """The links in our texts are made by the setting, where no network is allowed; here is the place to check it."""
    if telegram.bot_username is None:
        log.info("texts offer no link to the bot: set TELEGRAM_BOT_USERNAME", username=username)
    elif telegram.bot_username.lower() != username.lower():
        log.warning("TELEGRAM_BOT_USERNAME is another bot's name", username=username)
