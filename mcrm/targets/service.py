"""Use cases of targets: set, changed, removed by managers; their progress, brought up to date by an engine."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.db import reading
from mcrm.editing import edit
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.targets import measuring
from mcrm.targets.errors import TargetCurrency, TargetUnfit, TargetUnknown
from mcrm.targets.models import Measure, Target
from mcrm.territories import members
from mcrm.territories import service as territories
from mcrm.transaction import perform

TABLE = Target.__table__
SETTLES = timedelta(days=7)  # so long after the end late orders and cancellations still count


def within_reach(query: Select[Any], actor: Actor) -> Select[Any]:
    """A select of targets, or of columns of them, narrowed to the actor's territories; a team's are managers'."""
    return query if actor.sees_all else query.where(TABLE.c.territory_id.in_(actor.territory_ids))


def reachable(session: Session, actor: Actor, target_id: UUID, *, lock: bool = False) -> Target:
    """The target; raises TargetUnknown for unknown and foreign ids alike."""
    query: Select[Target] = within_reach(select(Target), actor).where(Target.id == target_id)
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    if (found := session.scalar(query)) is None:
        raise TargetUnknown()
    return found


def set_(
    session: Session,
    actor: Actor,
    *,
    measure: Measure,
    starts_on: date,
    ends_on: date,
    goal: int,
    territory_id: UUID | None = None,
    user_id: UUID | None = None,
    team: str | None = None,
    currency: str | None = None,
) -> Target:
    """Set a target and measure it at once; raises TargetUnfit, TargetCurrency, TerritoryUnknown."""
    if (territory_id is None) == (team is None) or (user_id is not None and team is not None):
        raise TargetUnfit(field="territory_id")
    if territory_id is not None:
        territories.reachable(session, actor, territory_id, field="territory_id")
    if user_id is not None and not members.may_see(session, user_id, territory_id):
        raise TargetUnfit(field="user_id")
    if (measure is Measure.ORDERS_VALUE) != (currency is not None):
        raise TargetCurrency(field="currency")
    if starts_on > ends_on:
        raise TargetUnfit(field="ends_on")
    made = Target(
        measure=measure.value,
        starts_on=starts_on,
        ends_on=ends_on,
        goal=goal,
        territory_id=territory_id,
        user_id=user_id,
        team=team,
        currency=currency,
    )
    made.progress = measuring.measure(session, made)
    session.add(made)
    _trace(session, actor, Kind.TARGET_SET, made, measure=measure.value, goal=goal)
    return made


def change(session: Session, actor: Actor, target: Target, changes: dict[str, Any]) -> Target:
    """Change goal or days of a target, and measure it anew; raises TargetUnfit."""
    if changed := edit(target, changes):
        if target.starts_on > target.ends_on:
            raise TargetUnfit(field="ends_on")
        target.progress = measuring.measure(session, target)
        _trace(session, actor, Kind.TARGET_CHANGED, target, changed=changed)
    return target


def remove(session: Session, actor: Actor, target: Target) -> None:
    """Take a target back."""
    session.delete(target)
    _trace(session, actor, Kind.TARGET_REMOVED, target)


def refresh() -> bool:
    """Measure every target that is not settled yet; only those that moved are written. Always False: nothing waits.

    Counting happens in a snapshot, without a lock; each target that moved is written in a transaction of its own.
    """
    today = clock.now().date()
    with reading() as session:
        running = (Target.starts_on <= today + timedelta(days=1), Target.ends_on >= today - SETTLES)
        moved = [
            target.id
            for target in session.scalars(select(Target).where(*running).order_by(Target.id)).all()
            if measuring.measure(session, target) != target.progress
        ]
    for target_id in moved:
        perform(lambda session, id_=target_id: _measure_again(session, id_))  # type: ignore[misc]
    return False


def _measure_again(session: Session, target_id: UUID) -> None:
    query = select(Target).where(Target.id == target_id).with_for_update()
    target = session.scalar(query.execution_options(populate_existing=True))
    if target is not None and (progress := measuring.measure(session, target)) != target.progress:
        target.progress = progress


def _trace(session: Session, actor: Actor, kind: Kind, target: Target, **facts: Any) -> None:
    session.flush()
    log.append(session, actor, kind, about=About(subject=("target", target.id)), payload=facts)
