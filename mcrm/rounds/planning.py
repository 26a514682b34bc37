"""How often accounts are visited: cadences by class, what is overdue, and how well the cadence is kept."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, case, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.accounts import service as accounts
from mcrm.accounts.models import Account
from mcrm.actors import Actor
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.rounds.errors import CadenceUnknown
from mcrm.rounds.models import VisitCadence
from mcrm.settings_store import service as settings_store
from mcrm.settings_store.catalogue import VISIT_USUAL_DAYS
from mcrm.territories.models import Territory
from mcrm.visits.geography import Place, place
from mcrm.visits.models import Outcome, Visit

IN_VAIN = (Outcome.NOBODY_THERE.value,)
"""Outcomes of visits after which an account is as overdue as before."""


@dataclass(frozen=True, slots=True)
class Due:
    """An account whose visit is due: how often it should be visited, when it was, and how overdue that makes it.

    `score` is days since the last visit / the cadence's days: 1.0 is due today. Who was never visited is due at once.
    """

    account_id: UUID
    name: str
    territory_id: UUID | None
    account_class: str | None
    every_days: int
    last_visited_at: datetime | None
    days_since: int | None
    score: float
    position: Place | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of the accounts of one class in one territory: how many there are, and how many were visited in time."""

    territory_id: UUID | None
    territory: str | None
    account_class: str | None
    every_days: int
    accounts: int
    in_time: int
    never: int

    @property
    def share(self) -> float:
        """The part visited in time, 0 to 1."""
        return round(self.in_time / self.accounts, 4) if self.accounts else 1.0


def score_of(last: datetime | None, since: datetime, every_days: int, now: datetime) -> float:
    """How overdue: days since the last visit (or since we know the account) / cadence; never visited is at least 1."""
    days = max(0.0, (now - (last or since)) / timedelta(days=1))
    score = days / every_days
    return round(max(1.0, score) if last is None else score, 3)


def put_cadence(session: Session, actor: Actor, *, account_class: str, every_days: int) -> VisitCadence:
    """Accounts of this class are visited every so many days; the same again changes nothing."""
    found = _cadence(session, account_class)
    if found is not None and found.every_days == every_days:
        return found
    if found is None:
        found = VisitCadence(account_class=account_class, every_days=every_days)
        try:
            with session.begin_nested():
                session.add(found)
        except IntegrityError:  # somebody set it at the same moment: the later one holds
            found = cadence(session, account_class)
    found.every_days = every_days
    session.flush()
    _trace(session, actor, Kind.VISIT_CADENCE_SET, found)
    return found


def remove_cadence(session: Session, actor: Actor, account_class: str) -> None:
    """Accounts of this class are visited as those without one. Raises CadenceUnknown."""
    found = cadence(session, account_class)
    session.delete(found)
    session.flush()
    _trace(session, actor, Kind.VISIT_CADENCE_REMOVED, found)


def cadence(session: Session, account_class: str) -> VisitCadence:
    """The cadence of a class; raises CadenceUnknown."""
    if (found := _cadence(session, account_class)) is None:
        raise CadenceUnknown()
    return found


def overdue(
    session: Session,
    actor: Actor,
    *,
    limit: int,
    territory_id: UUID | None = None,
    account_class: str | None = None,
    now: datetime | None = None,
) -> list[Due]:
    """The accounts within reach whose visit is due, the most overdue first, at most `limit`."""
    now = now or clock.now()
    found: list[Due] = []
    for days, condition in _cadences(session, account_class):
        query = _due_query(actor, territory_id).where(condition, _is_late(days, now)).order_by(_since()).limit(limit)
        found += [_due(row, days, now) for row in session.execute(query)]
    return sorted(found, key=lambda one: (-one.score, one.account_id))[:limit]


def due_of(session: Session, actor: Actor, ids: Iterable[UUID], *, now: datetime | None = None) -> dict[UUID, Due]:
    """How overdue these accounts are, by id; accounts without a cadence count as one visited every year."""
    now = now or clock.now()
    days = {one.account_class: one.every_days for one in session.scalars(select(VisitCadence))}
    usual = settings_store.value(session, VISIT_USUAL_DAYS) or 365
    query = _due_query(actor, None).where(Account.id.in_(list(ids)))
    rows = session.execute(query).all()
    return {row.id: _due(row, days.get(row.account_class, usual), now) for row in rows}


def coverage(session: Session, actor: Actor, *, territory_id: UUID | None = None) -> list[Coverage]:
    """Per territory and class: how many accounts there are, and how many were visited within their cadence."""
    now, found = clock.now(), []
    for days, condition in _cadences(session, None):
        last = _last_visit()
        in_time = func.sum(case((last >= now - timedelta(days=days), 1), else_=0))
        query = accounts.accounts_of(actor).where(condition)
        if territory_id is not None:
            query = query.where(Account.territory_id == territory_id)
        of = (Account.territory_id, Territory.name, Account.account_class)
        never = func.sum(case((last.is_(None), 1), else_=0))
        query = query.outerjoin(Territory, Territory.id == Account.territory_id)
        rows = session.execute(query.with_only_columns(*of, func.count(), in_time, never).group_by(*of))
        found += [Coverage(row[0], row[1], row[2], days, row[3], int(row[4]), int(row[5])) for row in rows]
    return sorted(found, key=lambda one: (one.territory or "", one.account_class or ""))


def _cadences(session: Session, account_class: str | None) -> list[tuple[int, ColumnElement[bool]]]:
    """(days, condition on accounts) of each class with a cadence, and of all others where they have one."""
    rows = list(session.scalars(select(VisitCadence).order_by(VisitCadence.account_class)))
    found = [(row.every_days, Account.account_class == row.account_class) for row in rows]
    if usual := settings_store.value(session, VISIT_USUAL_DAYS):
        named = [row.account_class for row in rows]
        found.append((usual, or_(Account.account_class.is_(None), Account.account_class.not_in(named))))
    if account_class is not None:
        found = [(days, condition & (Account.account_class == account_class)) for days, condition in found]
    return found


def _last_visit() -> ColumnElement[Any]:
    """When the account was visited last, not counting visits in vain."""
    counted = or_(Visit.outcome.is_(None), Visit.outcome.not_in(IN_VAIN))
    query = select(func.max(Visit.visited_at)).where(Visit.account_id == Account.id, counted)
    return query.correlate(Account).scalar_subquery()


def _since() -> ColumnElement[Any]:
    return func.coalesce(_last_visit(), Account.created_at)


def _is_late(days: int, now: datetime) -> ColumnElement[bool]:
    last = _last_visit()
    return or_(last.is_(None), last <= now - timedelta(days=days))


def _due_query(actor: Actor, territory_id: UUID | None) -> Select[Any]:
    query = accounts.accounts_of(actor)
    if territory_id is not None:
        query = query.where(Account.territory_id == territory_id)
    facts = (Account.id, Account.name, Account.territory_id, Account.account_class, Account.created_at)
    return query.with_only_columns(*facts, Account.lat, Account.lon, _last_visit().label("last"))


def _due(row: Any, days: int, now: datetime) -> Due:
    since = None if row.last is None else max(0, (now - row.last).days)
    score = score_of(row.last, row.created_at, days, now)
    where = place(row.lat, row.lon)
    return Due(row.id, row.name, row.territory_id, row.account_class, days, row.last, since, score, where)


def _cadence(session: Session, account_class: str) -> VisitCadence | None:
    return session.scalar(select(VisitCadence).where(VisitCadence.account_class == account_class))


def _trace(session: Session, actor: Actor, kind: Kind, row: VisitCadence) -> None:
    payload = {"account_class": row.account_class, "every_days": row.every_days}
    log.append(session, actor, kind, about=About(subject=("visit-cadence", row.id)), payload=payload)
