"""A rep's day: appointments at their times, what is planned and what is overdue on the way, and why each is there."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.rounds import planning
from mcrm.rounds.planning import Due
from mcrm.rounds.routing import Day, Leg, Stop
from mcrm.visits.geography import Place
from mcrm.visits.models import PlannedVisit, PlanState, Visit
from mcrm.visits.service import within_reach

MOST = 30
USUAL_STAY_S = 1800


@dataclass(frozen=True, slots=True)
class Call:
    """One stop of a day: the account, why it is on the list, and when one gets there.

    `distance_m` is from the stop before, as the crow flies; None where a position is not known.
    """

    account_id: UUID
    name: str
    reason: str
    why: str
    score: float
    every_days: int
    last_visited_at: datetime | None
    planned_visit_id: UUID | None
    starts_at: datetime | None
    lat: float | None
    lon: float | None
    distance_m: int | None
    arrives_at: datetime
    late_s: int


def list_day(
    session: Session, rep: Actor, *, on: date, start: Place | None, leaves_at: datetime, most: int
) -> list[Call]:
    """The calls of a rep's day, in the order to make them; those already made are left out.

    Of the accounts within the rep's reach: what is planned for the day, and what is most overdue, up to `most`.
    """
    plans, seen = _plans(session, rep, on), _visited(session, rep, on)
    due = planning.due_of(session, rep, [plan.account_id for plan in plans])
    chosen: list[tuple[Due, PlannedVisit | None]] = [(due[plan.account_id], plan) for plan in plans]
    taken = seen | due.keys()
    late = planning.overdue(session, rep, limit=most + len(taken))
    chosen += [(one, None) for one in late if one.account_id not in taken][: max(0, most - len(chosen))]
    ids = {_key(one, plan): (one, plan) for one, plan in chosen}
    route = Day([_stop(key, *pair) for key, pair in ids.items()], start=start, leaves_at=leaves_at).ordered()
    return [_call(*ids[leg.stop.id], leg) for leg in route]


def _plans(session: Session, rep: Actor, on: date) -> list[PlannedVisit]:
    query = within_reach(select(PlannedVisit), rep, PlannedVisit.__table__).where(
        PlannedVisit.rep_id == rep.id, PlannedVisit.on == on, PlannedVisit.state == PlanState.PLANNED.value
    )
    return list(session.scalars(query.order_by(PlannedVisit.id).limit(MOST)))


def _visited(session: Session, rep: Actor, on: date) -> set[UUID]:
    """Accounts that the rep has called at on that day, whatever came of it."""
    begins, ends = clock.bounds(on)
    query = select(Visit.account_id).where(Visit.rep_id == rep.id, Visit.visited_at >= begins, Visit.visited_at < ends)
    return set(session.scalars(query))


def _key(due: Due, plan: PlannedVisit | None) -> UUID:
    return due.account_id if plan is None else plan.id


def _stop(key: UUID, due: Due, plan: PlannedVisit | None) -> Stop:
    if plan is None:
        return Stop(key, due.position, weight=due.score, stays_s=USUAL_STAY_S)
    stays_s = plan.duration_minutes * 60
    return Stop(key, due.position, weight=max(1.0, due.score), starts_at=plan.starts_at, stays_s=stays_s)


def _call(due: Due, plan: PlannedVisit | None, leg: Leg) -> Call:
    reason, why = _why(due, plan)
    where = due.position
    return Call(
        account_id=due.account_id,
        name=due.name,
        reason=reason,
        why=why,
        score=due.score,
        every_days=due.every_days,
        last_visited_at=due.last_visited_at,
        planned_visit_id=plan.id if plan else None,
        starts_at=plan.starts_at if plan else None,
        lat=where.lat if where else None,
        lon=where.lon if where else None,
        distance_m=leg.distance_m,
        arrives_at=leg.arrives_at,
        late_s=leg.late_s,
    )


def _why(due: Due, plan: PlannedVisit | None) -> tuple[str, str]:
    """A stable word and a sentence for people."""
    if plan is not None and plan.starts_at is not None:
        at = plan.starts_at.astimezone(clock.zone())
        return "appointment", f"Appointment at {at:%H:%M}."
    if plan is not None:
        return "planned", "Planned for this day."
    if due.last_visited_at is None:
        return "never-visited", f"Never visited; to be visited every {due.every_days} days."
    return "overdue", f"Last visited {due.days_since} days ago; to be visited every {due.every_days} days."


def total_m(calls: Iterable[Call]) -> int:
    """How far the day is, in metres as the crow flies."""
    return sum(call.distance_m or 0 for call in calls)
