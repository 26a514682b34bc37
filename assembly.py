"""Puts the parts together from the settings; nothing else may import everything.

`flask_app` and `serve` make the web process, `worker` the one that delivers and turns the engines. Connections,
threads and provider clients begin in the process that uses them, never at import.
"""

import os

from mcrm.wakeup import Notifier

from mcrm import db, keys
from mcrm.config import Settings
from mcrm.db import Database

PROVIDERS = ("twilio", "telegram", "firebase")


def settings_from_environment() -> Settings:
    """The settings of this process; raises BadSetting."""
    return Settings.from_environment(os.environ)


def open_database(settings: Settings, *, pool_size: int = 5) -> Database:
    """Put the database and the secret to use in this process; commits wake whoever waits, here and elsewhere."""
    keys.use(settings.secret_key)
    database = db.connect(settings.database_url, synchronous=settings.sqlite_synchronous, pool_size=pool_size)
    database.wake = Notifier(database).wake
    db.use(database)
    return database
