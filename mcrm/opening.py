"""What a process does first: put the database of the settings to use, and say which providers are off.

It knows every table, as whatever follows positions may come upon any of them, and none of the doors: a command that
asks the database one question need not wait until the whole API stands.
"""

import structlog

from mcrm import clock, db, keys, tables
from mcrm.config import Settings
from mcrm.db import Database
from mcrm.policy import countries
from mcrm.wakeup import Notifier

log = structlog.get_logger(__name__)
assert tables.metadata


def open_database(settings: Settings, *, pool_size: int = 5) -> Database:
    """Put the database, the secret, the list of countries and the time zone to use in this process.

    Commits wake whoever waits in other processes.
    """
    keys.use(settings.secret_key)
    countries.use(settings.sms_countries)
    clock.use_zone(settings.timezone)
    database = db.connect(settings.database_url, synchronous=settings.sqlite_synchronous, pool_size=pool_size)
    database.wake = Notifier(database).wake
    db.use(database)
    return database


def say_what_is_off(settings: Settings) -> None:
    """A line in the log for each provider without settings."""
    providers = {"twilio": settings.twilio, "telegram": settings.telegram, "push": settings.firebase}
    for name, provider in (providers | {"mail": settings.mail}).items():
        if provider is None:
            log.warning("provider is off: it has no settings", provider=name)
