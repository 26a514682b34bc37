"""Puts the doors of the web process together from the settings; nothing else may import everything.

`flask_app` and `edge` make the process that serves; the one that delivers and turns the engines is `working`, which
knows no door and so takes less memory. Connections and threads begin in the process that uses them, never at import.
"""

import os
from collections.abc import Callable, Mapping
from functools import partial

from flask import Flask
from sqlalchemy import Engine, text

from apps import serving
from bots import chat, sms, telegram
from mcrm import db, live, logs
from mcrm.app import create_app
from mcrm.bulk.sheets import MOST_BYTES
from mcrm.config import Settings
from mcrm.db import Database
from mcrm.deliveries import figures
from mcrm.edge.app import Edge, LiveSource, edge_app
from mcrm.edge.streams import CHAT, INBOX
from mcrm.opening import open_database
from mcrm.sync.limits import LARGEST_PUSH
from migrations import standing
from notifications import receipts


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
    return None if stands == standing.newest() else f"at revision {stands}, not {standing.newest()}"


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
