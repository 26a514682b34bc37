"""When accounts go to another territory, somebody there takes over what is open with them."""

from collections import Counter
from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mcrm.accounts.models import Account
from mcrm.actors import Actor
from mcrm.interactions.kinds import Kind
from mcrm.opportunities.models import Opportunity
from mcrm.opportunities.service import trace
from mcrm.territories import members


def hand_over(session: Session, actor: Actor, accounts: Collection[Account], territory_id: UUID) -> int:
    """Give open opportunities whose owner does not see the accounts' territory to the rep there with the fewest.

    Where no rep covers it they are nobody's. How many changed hands.
    """
    query = (
        select(Opportunity)
        .where(Opportunity.account_id.in_([account.id for account in accounts]), Opportunity.closed_at.is_(None))
        .order_by(Opportunity.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    left = [one for one in session.scalars(query).all() if one.owner_id and not _sees(session, one, territory_id)]
    load = _load(session, members.reps(session, territory_id))
    for one in left:
        before = one.owner_id
        one.owner_id = min(load, key=lambda rep: (load[rep], rep), default=None)
        if one.owner_id is not None:
            load[one.owner_id] += 1
        trace(session, actor, Kind.OPPORTUNITY_CHANGED, one, changed=["owner_id"], owner_before=str(before))
    return len(left)


def _sees(session: Session, one: Opportunity, territory_id: UUID) -> bool:
    return one.owner_id is not None and members.may_see(session, one.owner_id, territory_id)


def _load(session: Session, reps: Collection[UUID]) -> Counter[UUID]:
    """Each rep's open opportunities."""
    counted = select(Opportunity.owner_id, func.count()).where(
        Opportunity.owner_id.in_(reps), Opportunity.closed_at.is_(None)
    )
    load = Counter(dict.fromkeys(reps, 0))
    for rep, count in session.execute(counted.group_by(Opportunity.owner_id)):
        assert rep is not None
        load[rep] = count
    return load
