"""Open work does not stay with somebody who no longer sees its account: a rep who covers it goes on with it.

Accounts go to another territory, grants are taken back, people leave, by many doors and also in bulk. So this is found
by looking at what stands there, not told by each door.
"""

from collections.abc import Iterable
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from mcrm import clock
from mcrm.access.models import User
from mcrm.accounts.models import Account
from mcrm.actors import SYSTEM, Role
from mcrm.deliveries import staff
from mcrm.opportunities import handing
from mcrm.opportunities.models import Opportunity
from mcrm.tasks import service as tasks
from mcrm.tasks.models import Task
from mcrm.territories import members
from mcrm.territories.models import ScopeGrant
from mcrm.visits import appointments
from mcrm.visits.models import PlannedVisit, PlanState

KIND = "work-handed-on"
AT_ONCE = 50


def step(session: Session) -> bool:
    """Hand on some of the open work whose owner does not see the account any more; whether there was any.

    The rep of the territory with the least of it takes it, where there is none who answers for the territory. Where
    nobody does, a task is nobody's and a visit is dropped. What is done, and visits of past days, stay as they are.
    """
    handed = _tasks(session) + _plans(session)
    for account in _accounts_with_lost_opportunities(session):
        handing.hand_over(session, SYSTEM, [account], account.territory_id)
        handed.append((account, None))
    for account, heir in handed:
        if heir is not None:
            _tell(session, heir, account)
    session.flush()
    return bool(handed)


def _tasks(session: Session) -> list[tuple[Account, UUID | None]]:
    query = (
        select(Task, Account)
        .join(Account, Account.id == Task.account_id)
        .join(User, User.id == Task.owner_id)
        .where(Task.done_at.is_(None), _lost())
        .order_by(Task.id)
        .limit(AT_ONCE)
        .with_for_update(of=Task, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    handed = []
    for task, account in session.execute(query).all():
        heir = _heir(session, account, Task.owner_id, Task.done_at.is_(None))
        tasks.change(session, SYSTEM, task, {"owner_id": heir})
        handed.append((account, heir))
    return handed


def _plans(session: Session) -> list[tuple[Account, UUID | None]]:
    is_planned = and_(PlannedVisit.state == PlanState.PLANNED.value, PlannedVisit.on >= _today())
    query = (
        select(PlannedVisit, Account)
        .join(Account, Account.id == PlannedVisit.account_id)
        .join(User, User.id == PlannedVisit.rep_id)
        .where(is_planned, _lost())
        .order_by(PlannedVisit.id)
        .limit(AT_ONCE)
        .with_for_update(of=PlannedVisit, skip_locked=True)
        .execution_options(populate_existing=True)
    )
    handed = []
    for planned, account in session.execute(query).all():
        heir = _heir(session, account, PlannedVisit.rep_id, is_planned)
        if heir is None:
            appointments.drop(session, SYSTEM, planned)
        else:
            appointments.change(session, SYSTEM, planned, {"rep_id": heir})
        handed.append((account, heir))
    return handed


def _accounts_with_lost_opportunities(session: Session) -> Iterable[Account]:
    lost = (
        select(Opportunity.account_id)
        .join(Account, Account.id == Opportunity.account_id)
        .join(User, User.id == Opportunity.owner_id)
        .where(Opportunity.closed_at.is_(None), _lost())
        .limit(AT_ONCE)
    )
    return session.scalars(select(Account).where(Account.id.in_(lost)).order_by(Account.id)).all()


def _today() -> date:
    return clock.now().astimezone(clock.zone()).date()


def _lost() -> ColumnElement[bool]:
    """A user who left, or a rep without a grant on the account's territory."""
    granted = select(ScopeGrant.id).where(
        ScopeGrant.user_id == User.id, ScopeGrant.territory_id == Account.territory_id, ScopeGrant.revoked_at.is_(None)
    )
    return or_(~User.is_active, and_(User.role == Role.REP.value, ~granted.exists()))


def _heir(
    session: Session, account: Account, owner: InstrumentedAttribute[Any], is_open: ColumnElement[bool]
) -> UUID | None:
    """Who takes it: the rep covering the account with the least open work of this sort, else who answers for it."""
    reps = members.reps(session, account.territory_id) if account.territory_id else []
    if not reps:
        return next(iter(members.answering(session, account.territory_id)), None)
    counted = select(owner, func.count()).where(owner.in_(reps), is_open).group_by(owner)
    load = {row[0]: row[1] for row in session.execute(counted)}
    return min(reps, key=lambda rep: (load.get(rep, 0), rep))


def _tell(session: Session, heir: UUID, account: Account) -> None:
    """One push for an account and day; phones show pushes to whoever looks, so it says no name."""
    key = f"{KIND}:{account.id}:{heir}:{_today()}"
    title, text = "An account has come to you", "It brings open tasks or visits."
    staff.tell(session, heir, title=title, text=text, kind=KIND, dedupe_key=key, data={"account_id": str(account.id)})
