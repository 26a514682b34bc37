"""Use cases of run-time settings, and the short memory through which everybody reads them.

A value is remembered for two seconds in each process: what an admin sets holds everywhere by then, and a hot path asks
the database once in a while instead of each time.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm import db
from mcrm.actors import Actor
from mcrm.audit import trail
from mcrm.db import Database
from mcrm.interactions.kinds import Kind
from mcrm.settings_store.catalogue import OPTIONS, Option
from mcrm.settings_store.errors import SettingChangedMeanwhile, SettingInvalid, SettingUnknown
from mcrm.settings_store.models import RuntimeSetting

REMEMBERED_S = 2.0


@dataclass(frozen=True, slots=True)
class SettingNow:
    """One setting as it holds now; `rev` is 0 while nobody set it."""

    name: str
    type: str
    value: Any
    default: Any
    meaning: str
    rev: int
    changed_by: str | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class _Memory:
    database: Database
    until_s: float
    values: Mapping[str, Any]


_memory: _Memory | None = None


def value(session: Session, option: Option) -> Any:
    """What holds now, at most two seconds old."""
    global _memory
    known, now_s = _memory, time.monotonic()
    if known is None or known.database is not db.current() or now_s >= known.until_s:
        stored = {row.name: row.value for row in session.execute(select(RuntimeSetting.name, RuntimeSetting.value))}
        known = _memory = _Memory(db.current(), now_s + REMEMBERED_S, stored)
    return known.values.get(option.name, option.default)


def forget() -> None:
    """Read anew the next time."""
    global _memory
    _memory = None


def listed(session: Session) -> list[SettingNow]:
    """Every setting as it holds now, straight from the database."""
    rows = {row.name: row for row in session.scalars(select(RuntimeSetting))}
    return [_now(option, rows.get(option.name)) for option in OPTIONS.values()]


def get(session: Session, name: str) -> SettingNow:
    """One setting as it holds now; raises SettingUnknown."""
    option = _option(name)
    return _now(option, _row(session, name))


def put(session: Session, actor: Actor, name: str, wanted: Any) -> SettingNow:
    """Set a setting; the same value again changes nothing. Raises SettingUnknown, SettingInvalid."""
    option = _option(name)
    try:
        wanted = option.check(wanted)
    except ValueError as error:
        raise SettingInvalid(str(error), field="value") from None
    row = _row(session, name)
    if row is None:
        row = RuntimeSetting(name=name, value=wanted, changed_by=actor.label)
    elif row.value == wanted:
        return _now(option, row)
    else:
        row.value, row.changed_by = wanted, actor.label
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise SettingChangedMeanwhile() from None
    _trace(session, actor, Kind.SETTING_CHANGED, row)
    return _now(option, row)


def reset(session: Session, actor: Actor, name: str) -> None:
    """Go back to the default; a setting at its default stays there. Raises SettingUnknown."""
    _option(name)
    if (row := _row(session, name)) is not None:
        session.delete(row)
        session.flush()
        _trace(session, actor, Kind.SETTING_RESET, row)


def _trace(session: Session, actor: Actor, kind: Kind, row: RuntimeSetting) -> None:
    forget()
    payload = {"name": row.name, "value": row.value} if kind is Kind.SETTING_CHANGED else {"name": row.name}
    trail.record(session, actor, kind, subject=("setting", row.id), fields=[row.name], payload=payload)


def _option(name: str) -> Option:
    if name not in OPTIONS:
        raise SettingUnknown()
    return OPTIONS[name]


def _row(session: Session, name: str) -> RuntimeSetting | None:
    return session.scalar(select(RuntimeSetting).where(RuntimeSetting.name == name))


def _now(option: Option, row: RuntimeSetting | None) -> SettingNow:
    return SettingNow(
        name=option.name,
        type=option.type.value,
        value=row.value if row is not None else option.default,
        default=option.default,
        meaning=option.meaning,
        rev=row.rev if row is not None else 0,
        changed_by=row.changed_by if row is not None else None,
        updated_at=row.updated_at if row is not None else None,
    )
