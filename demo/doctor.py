"""What an operator would check by hand: settings, database and its revision, disk, our door, providers, the clock."""

import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from demo import asking
from mcrm import db
from mcrm.config import BadSetting, Settings
from migrations import standing

LEAST_FREE = 500_000_000
DEFAULT_PORT = "8000"


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
    port = environment.get("MCRM_PORT") or DEFAULT_PORT
    return [
        Finding("settings", True, "all set"),
        *_database(settings),
        _disk(settings),
        _door(settings, port),
        *_providers(settings),
    ]


def _database(settings: Settings) -> list[Finding]:
    database = db.connect(settings.database_url, pool_size=1)
    assert isinstance(database.bind, Engine)
    try:
        with database.bind.connect() as connection:
            connection.execute(text("SELECT 1"))
        stands, newest = standing.current(database.bind), standing.newest()
    except DBAPIError as error:
        return [Finding("database", False, db.why_not(error))]
    finally:
        database.close()
    if (file := _file_of(settings)) and not (os.access(file, os.W_OK) and os.access(file.parent, os.W_OK)):
        return [Finding("database", False, f"{file} and its folder must be writable for this user")]
    if stands != newest:
        return [Finding("database", False, f"at revision {stands or 'none'}, needs {newest}: run mcrm migrate")]
    return [Finding("database", True, f"at revision {stands}")]


def _file_of(settings: Settings) -> Path | None:
    url = settings.database_url
    return Path(url.removeprefix("sqlite:///")) if url.startswith("sqlite") else None


def _disk(settings: Settings) -> Finding:
    file = _file_of(settings)
    where = file.parent if file and file.parent.exists() else Path()
    free = shutil.disk_usage(where).free
    return Finding("disk", free >= LEAST_FREE, f"{free // 1_000_000:,} MB free")


def _door(settings: Settings, port: str) -> Finding:
    if not port.isdecimal() or not 1 <= int(port) <= 65535:
        return Finding("web", False, f"MCRM_PORT must be a port from 1 to 65535, not {port!r}")
    try:
        return Finding("web", True, asking.door(settings, int(port)))
    except asking.Refused as refused:
        return Finding("web", False, str(refused))


def _providers(settings: Settings) -> list[Finding]:
    """One finding a provider, and one for the clock where at least one of them told the time."""
    found, ahead = [], dict[str, float]()
    for name, ask in asking.providers(settings).items():
        if ask is None:
            found.append(Finding(name, True, "off: no settings"))
            continue
        where = _elsewhere(getattr(getattr(settings, name), "api_base", None))
        try:
            answered = ask()
        except asking.Refused as refused:
            found.append(Finding(name, False, f"{refused}{where}"))
        else:
            found.append(Finding(name, True, f"{answered.words}{where}"))
            if answered.ahead_s is not None:
                ahead[name] = answered.ahead_s
    return [*found, *_clock(ahead)]


def _elsewhere(base: str | None) -> str:
    return f" (at {base}, not the real provider)" if base else ""


def _clock(ahead: Mapping[str, float]) -> list[Finding]:
    if not ahead:
        return []
    name, worst = max(ahead.items(), key=lambda item: abs(item[1]))
    if abs(worst) <= asking.MOST_SKEW_S:
        return [Finding("clock", True, f"agrees with {', '.join(ahead)}")]
    side = "ahead of" if worst > 0 else "behind"
    return [Finding("clock", False, f"is {abs(worst):.0f} s {side} {name}'s: let the system keep the time (NTP)")]
