"""The clock of new leads: who was not contacted in time is told of to those who answer for the territory, once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import SYSTEM, Actor
from mcrm.deliveries import staff
from mcrm.interactions.kinds import Kind
from mcrm.leads.models import WAITING, Lead, LeadStatus
from mcrm.leads.service import TABLE, trace, within_reach
from mcrm.territories import members


@dataclass(frozen=True, slots=True)
class FirstTouch:
    """How fast one owner's leads were contacted; times in seconds, None for nobody's.

    `overdue` were not contacted in time and still wait; `late` were contacted after their time.
    """

    owner_id: UUID | None
    leads: int
    touched: int
    median_s: int | None
    late: int
    overdue: int


def step(session: Session) -> bool:
    """Tell of one lead whose time is over; whether there was one."""
    query = (
        select(Lead)
        .where(WAITING, Lead.first_touched_at.is_(None), Lead.touch_due_at <= clock.now())
        .order_by(Lead.touch_due_at, Lead.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    )
    if (lead := session.scalar(query)) is None:
        return False
    lead.escalated_at = clock.now()
    trace(session, SYSTEM, Kind.LEAD_OVERDUE, lead, owner_id=lead.owner_id and str(lead.owner_id))
    assert lead.assigned_at is not None
    for manager_id in members.answering(session, lead.territory_id):
        staff.tell(
            session,
            manager_id,
            title="A lead waits too long",
            text="Nobody got in touch in time." if lead.owner_id else "It is nobody's yet.",
            kind="lead-overdue",
            dedupe_key=f"lead-overdue:{lead.id}:{lead.assigned_at.timestamp():.0f}:{manager_id}",
            data={"lead_id": str(lead.id)},
        )
    return True


def first_touches(session: Session, actor: Actor, *, since: datetime, until: datetime) -> list[FirstTouch]:
    """First touches of the leads that came from `since` to before `until`, by owner; the last row is over all."""
    columns = select(
        TABLE.c.owner_id, TABLE.c.status, TABLE.c.assigned_at, TABLE.c.touch_due_at, TABLE.c.first_touched_at
    )
    query = within_reach(columns, actor).where(TABLE.c.created_at >= since, TABLE.c.created_at < until)
    rows = session.execute(query).all()
    now = clock.now()
    owners = sorted({row.owner_id for row in rows}, key=str)
    by_owner = [_summed(owner, [row for row in rows if row.owner_id == owner], now) for owner in owners]
    return [*by_owner, _summed(None, rows, now)]


def _summed(owner_id: UUID | None, rows: Sequence[Any], now: datetime) -> FirstTouch:
    touched = [row for row in rows if row.first_touched_at is not None]
    waits_s = [max(0.0, (row.first_touched_at - row.assigned_at).total_seconds()) for row in touched]
    late = sum(row.first_touched_at > row.touch_due_at for row in touched)
    waiting = [row for row in rows if row.first_touched_at is None and row.status == LeadStatus.NEW]
    overdue = sum(row.touch_due_at <= now for row in waiting)
    median_s = round(median(waits_s)) if waits_s else None
    return FirstTouch(owner_id, len(rows), len(touched), median_s, late, overdue)
