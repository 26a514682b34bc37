"""What an operator would check by hand: settings, database and its revision, disk, providers."""

import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from mcrm import db
from mcrm.config import BadSetting, Settings
from migrations import running

LEAST_FREE = 500_000_000


@dataclass(frozen=True, slots=True)
class Finding:
    """One part, whether it is well, and what to do if it is not."""

    part: str
    is_well: bool
    words: str

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        return asdict(self)


def examine(environment: Mapping[str, str]) -> list[Finding]:
    """All findings; later parts are left out when an earlier one makes them impossible."""
    try:
        settings = Settings.from_environment(environment)
    except BadSetting as error:
        return [Finding("settings", False, f"{error}")]
    return [Finding("settings", True, "all set"), *_database(settings), _disk(settings), *_providers(settings)]


def _database(settings: Settings) -> list[Finding]:
    database = db.connect(settings.database_url, pool_size=1)
    assert isinstance(database.bind, Engine)
    try:
        with database.bind.connect() as connection:
            connection.execute(text("SELECT 1"))
        stands, newest = running.current(database.bind), running.newest()
    except SQLAlchemyError as error:
        cause = type(getattr(error, "orig", None) or error).__name__
        return [Finding("database", False, f"cannot be reached ({cause}); check MCRM_DATABASE_URL")]
    finally:
        database.close()
    if stands != newest:
        return [Finding("database", False, f"at revision {stands or 'none'}, needs {newest}: run mcrm migrate")]
    return [Finding("database", True, f"at revision {stands}")]


def _disk(settings: Settings) -> Finding:
    where = Path(settings.database_url.removeprefix("sqlite:///")).parent if "sqlite" in settings.database_url else "."
    free = shutil.disk_usage(where if Path(where).exists() else ".").free
    return Finding("disk", free >= LEAST_FREE, f"{free // 1_000_000:,} MB free")


def _providers(settings: Settings) -> list[Finding]:
    given = {"twilio": settings.twilio, "telegram": settings.telegram, "firebase": settings.firebase}
    return [
        Finding(name, True, "off: no settings" if provider is None else _where(provider.api_base))
        for name, provider in given.items()
    ]


def _where(base: str | None) -> str:
    return f"on, at {base} (not the real provider)" if base else "on"
