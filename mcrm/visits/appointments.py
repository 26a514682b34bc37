"""Planned visits: made for a day, or for a time of it; marked as made when the rep checks in."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access import reach
from mcrm.accounts import service as accounts
from mcrm.actors import Actor
from mcrm.editing import edit
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.visits.errors import AppointmentElsewhen, PlanOver, PlanUnknown, RepUnknown
from mcrm.visits.models import PlannedVisit, PlanState, Visit
from mcrm.visits.service import within_reach

TABLE = PlannedVisit.__table__


def reachable(session: Session, actor: Actor, plan_id: UUID) -> PlannedVisit:
    """The planned visit; raises PlanUnknown for unknown and foreign ids alike."""
    query = within_reach(select(PlannedVisit), actor, TABLE).where(PlannedVisit.id == plan_id)
    plan: PlannedVisit | None = session.scalar(query)
    if plan is None:
        raise PlanUnknown()
    return plan


def plan(
    session: Session, actor: Actor, *, account_id: UUID, on: date, rep_id: UUID | None = None, **facts: Any
) -> PlannedVisit:
    """A rep (the actor unless another is named) is to visit an account on a day; `facts` are other columns.

    Raises AccountUnknown, RepUnknown, AppointmentElsewhen.
    """
    account = accounts.reachable(session, actor, account_id, field="account_id")
    rep_id = rep_id or actor.id
    if rep_id is None or not reach.sees(session, rep_id, account.id):
        raise RepUnknown(field="rep_id")
    _require_same_day(on, facts.get("starts_at"))
    planned = PlannedVisit(account_id=account.id, rep_id=rep_id, on=on, **facts)
    session.add(planned)
    session.flush()
    _trace(session, actor, Kind.VISIT_PLANNED, planned, on=on.isoformat())
    return planned


def change(session: Session, actor: Actor, planned: PlannedVisit, changes: dict[str, Any]) -> PlannedVisit:
    """Move it to another day, time or rep. Raises PlanOver, RepUnknown, AppointmentElsewhen."""
    _require_planned(planned)
    if "rep_id" in changes and not reach.sees(session, changes["rep_id"], planned.account_id):
        raise RepUnknown(field="rep_id")
    _require_same_day(changes.get("on", planned.on), changes.get("starts_at", planned.starts_at))
    if changed := edit(planned, changes):
        session.flush()
        _trace(session, actor, Kind.VISIT_PLAN_CHANGED, planned, changed=changed)
    return planned


def drop(session: Session, actor: Actor, planned: PlannedVisit) -> PlannedVisit:
    """It will not be made; dropped twice is dropped once. Raises PlanOver."""
    if planned.state == PlanState.DROPPED:
        return planned
    _require_planned(planned)
    planned.state = PlanState.DROPPED.value
    session.flush()
    _trace(session, actor, Kind.VISIT_PLAN_DROPPED, planned)
    return planned


def mark_visited(session: Session, visit: Visit) -> None:
    """What the rep had planned for this account on this day is done."""
    planned = session.scalar(
        select(PlannedVisit)
        .where(
            PlannedVisit.rep_id == visit.rep_id,
            PlannedVisit.account_id == visit.account_id,
            PlannedVisit.on == visit.visited_at.astimezone(clock.zone()).date(),
            PlannedVisit.state == PlanState.PLANNED.value,
        )
        .order_by(PlannedVisit.starts_at, PlannedVisit.id)
        .limit(1)
    )
    if planned is not None:
        planned.state, planned.visit_id = PlanState.VISITED.value, visit.id
        session.flush()


def _require_planned(planned: PlannedVisit) -> None:
    if planned.state != PlanState.PLANNED:
        raise PlanOver()


def _require_same_day(on: date, starts_at: datetime | None) -> None:
    if starts_at is not None and starts_at.astimezone(clock.zone()).date() != on:
        raise AppointmentElsewhen(field="starts_at")


def _trace(session: Session, actor: Actor, kind: Kind, planned: PlannedVisit, **facts: Any) -> None:
    about = About(account_id=planned.account_id, subject=("planned-visit", planned.id))
    log.append(session, actor, kind, about=about, payload=facts)
