"""Reports over the pipeline: the weighted forecast by month, rep and team; what stands where and for how long.

Each report is a query or two that add up in the database; people beyond the actor's reach are not in the sums.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from math import sqrt
from typing import Any
from uuid import UUID

from sqlalchemy import Float, Select, Text, case, cast, func, or_, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access.models import User
from mcrm.actors import Actor
from mcrm.opportunities.models import PipelineStage, StageEntry, StageKind
from mcrm.opportunities.service import TABLE, within_reach
from mcrm.settings_store import service as settings_store
from mcrm.settings_store.catalogue import OPPORTUNITY_STALE_DAYS

Z_80 = 1.2816  # eight of ten outcomes of a normal distribution lie within so many standard deviations
STAGES, USERS = PipelineStage.__table__, User.__table__


@dataclass(frozen=True, slots=True)
class Forecast:
    """What one rep's opportunities of one month and currency may bring; amounts in minor units.

    `weighted` is the sum of amounts times probabilities; `low` and `high` bound eight of ten outcomes, if each is
    decided by itself. `month` is YYYY-MM of the expected close, None where nobody said; of what is won, of its winning.
    """

    month: str | None
    owner_id: UUID | None
    team: str | None
    currency: str
    count: int
    open: int
    weighted: int
    low: int
    high: int
    won: int


@dataclass(frozen=True, slots=True)
class StageNow:
    """What stands in one stage now, in one currency, and how those that left it fared.

    `mean_age_s` is how long they have stood there; of those that `entered` in the days of the report, `mean_stay_s` is
    how long those stayed that left again; None for nobody.
    """

    stage: str
    name: str
    probability: int
    currency: str | None
    count: int
    amount: int
    weighted: int
    stale: int
    mean_age_s: int | None
    entered: int
    mean_stay_s: int | None


@dataclass(frozen=True, slots=True)
class Loss:
    """How many were lost for one reason, and how much that was."""

    reason: str
    currency: str
    count: int
    amount: int


def forecast(
    session: Session, actor: Actor, *, since: date, until: date, owner_id: UUID | None = None, team: str | None = None
) -> list[Forecast]:
    """Open opportunities that close within these days (both included) or on none, and what was won in them."""
    won = STAGES.c.kind == StageKind.WON.value
    month = func.substr(cast(TABLE.c.closes_on, Text), 1, 7).label("month")
    amount, share = TABLE.c.amount, cast(STAGES.c.probability, Float) / 100
    is_open = STAGES.c.kind == StageKind.OPEN.value
    variance = cast(amount, Float) * cast(amount, Float) * share * (1 - share)
    query = (
        within_reach(
            select(
                month,
                TABLE.c.owner_id,
                USERS.c.team,
                TABLE.c.currency,
                func.count(),
                func.sum(case((is_open, amount), else_=0)),
                func.sum(case((is_open, amount * STAGES.c.probability), else_=0)),
                func.sum(case((is_open, variance), else_=0.0)),
                func.sum(case((won, amount), else_=0)),
            ),
            actor,
        )
        .join(STAGES, STAGES.c.key == TABLE.c.stage)
        .outerjoin(USERS, USERS.c.id == TABLE.c.owner_id)
        .where(STAGES.c.kind != StageKind.LOST.value)
        .where(or_(TABLE.c.closes_on.between(since, until), is_open & TABLE.c.closes_on.is_(None)))
        .group_by(month, TABLE.c.owner_id, USERS.c.team, TABLE.c.currency)
    )
    if owner_id is not None:
        query = query.where(TABLE.c.owner_id == owner_id)
    if team is not None:
        query = query.where(USERS.c.team == team)
    rows = [_forecast(row) for row in session.connection().execute(query)]
    return sorted(rows, key=lambda row: (row.month or "9", row.currency, str(row.team), str(row.owner_id)))


def _forecast(row: Sequence[Any]) -> Forecast:
    month, owner_id, team, currency, count, opened, hundredfold, variance, won = row
    weighted, spread = int(hundredfold) // 100, Z_80 * sqrt(max(float(variance), 0.0))
    return Forecast(
        month=month,
        owner_id=owner_id,
        team=team,
        currency=currency,
        count=count,
        open=int(opened),
        weighted=weighted,
        low=max(0, round(weighted - spread)),
        high=min(int(opened), round(weighted + spread)),
        won=int(won),
    )


def stages_now(session: Session, actor: Actor, *, since: date, until: date) -> list[StageNow]:
    """The open stages in their order, with what stands in them by currency, and how those fared that came meanwhile."""
    now = clock.now()
    open_stages = list(
        session.scalars(
            select(PipelineStage)
            .where(PipelineStage.kind == StageKind.OPEN.value)
            .order_by(PipelineStage.place, PipelineStage.key)
        )
    )
    standing = _standing(session, actor, now, stale_before(session))
    stays = _stays(session, actor, _midnight(since), _midnight(until + timedelta(days=1)))
    found = []
    for one in open_stages:
        entered, mean_stay_s = stays.get(one.key, (0, None))
        for currency, count, amount, stale, age_s in standing.get(one.key, [(None, 0, 0, 0, None)]):
            weighted = amount * one.probability // 100
            found.append(
                StageNow(
                    one.key, one.name, one.probability, currency, count, amount, weighted, stale, age_s,
                    entered, mean_stay_s,
                )
            )  # fmt: skip
    return found


def losses(session: Session, actor: Actor, *, since: date, until: date) -> list[Loss]:
    """Why opportunities were lost on these days (both included), the most frequent reason first."""
    columns = select(TABLE.c.loss_reason, TABLE.c.currency, func.count(), func.sum(TABLE.c.amount))
    query = (
        within_reach(columns, actor)
        .where(TABLE.c.loss_reason.is_not(None), TABLE.c.closes_on.between(since, until))
        .group_by(TABLE.c.loss_reason, TABLE.c.currency)
    )
    rows = [Loss(reason, currency, count, int(amount)) for reason, currency, count, amount in session.execute(query)]
    return sorted(rows, key=lambda row: (-row.count, row.reason, row.currency))


def stale_before(session: Session) -> datetime:
    """An open opportunity that entered its stage before this moment has been forgotten."""
    days: int = settings_store.value(session, OPPORTUNITY_STALE_DAYS)
    return clock.now() - timedelta(days=days)


def stale(query: Select[Any], *, before: datetime) -> Select[Any]:
    """Narrowed to open opportunities that nobody moved since then, or whose day of closing is over."""
    overdue = TABLE.c.closes_on < clock.now().date()
    return query.where(TABLE.c.closed_at.is_(None), or_(TABLE.c.stage_since < before, overdue))


Standing = list[tuple[str | None, int, int, int, int | None]]


def _standing(session: Session, actor: Actor, now: datetime, before: datetime) -> dict[str, Standing]:
    """Stage to (currency, count, amount, stale ones, mean age in seconds)."""
    columns = select(TABLE.c.stage, TABLE.c.currency, TABLE.c.amount, TABLE.c.stage_since, TABLE.c.closes_on)
    rows = session.execute(within_reach(columns, actor).where(TABLE.c.closed_at.is_(None))).all()
    by_stage: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        by_stage.setdefault((row.stage, row.currency), []).append(row)
    found: dict[str, Standing] = {}
    for (stage, currency), members in sorted(by_stage.items()):
        ages_s = [(now - row.stage_since).total_seconds() for row in members]
        forgotten = sum(row.stage_since < before or (row.closes_on or date.max) < now.date() for row in members)
        amount = sum(row.amount for row in members)
        mean_s = round(sum(ages_s) / len(ages_s))
        found.setdefault(stage, []).append((currency, len(members), amount, forgotten, mean_s))
    return found


def _stays(session: Session, actor: Actor, since: datetime, until: datetime) -> dict[str, tuple[int, int | None]]:
    """Stage to (how often it was entered from then to before then, the mean stay in seconds of those who left)."""
    entries = StageEntry.__table__
    columns = select(entries.c.stage, entries.c.entered_at, entries.c.left_at)
    joined = within_reach(columns.join_from(entries, TABLE, TABLE.c.id == entries.c.opportunity_id), actor)
    joined = joined.where(entries.c.entered_at >= since, entries.c.entered_at < until)
    stays: dict[str, list[float | None]] = {}
    for stage, entered_at, left_at in session.execute(joined):
        stays.setdefault(stage, []).append(None if left_at is None else (left_at - entered_at).total_seconds())
    return {stage: (len(all_), _mean([one for one in all_ if one is not None])) for stage, all_ in stays.items()}


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, UTC)


def _mean(values: Sequence[float]) -> int | None:
    return round(sum(values) / len(values)) if values else None
