"""How far a target is, counted from the rows: one query for each measure.

A rep's deeds are those that the log says the rep did (a customer's own order in the territory is the territory's, not
the rep's); a territory's are those of its accounts, of the territories below it, too.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import Session

from mcrm.access.models import User
from mcrm.accounts.models import Account
from mcrm.db import Base
from mcrm.interactions.kinds import Kind
from mcrm.interactions.models import COUNTED, Interaction
from mcrm.opportunities.models import Opportunity, PipelineStage, StageKind
from mcrm.orders.models import Order, OrderKind, OrderStatus
from mcrm.targets.models import Measure, Target
from mcrm.territories.models import Territory

DEEPEST = 10


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose deeds count, from `since` to before `until`: of these users, or of these territories' accounts."""

    since: datetime
    until: datetime
    user_ids: Sequence[UUID] | None
    territory_ids: Sequence[UUID]
    currency: str | None

    @property
    def labels(self) -> list[str]:
        """The users as the log names them."""
        return [f"user:{user_id}" for user_id in self.user_ids or ()]

    def within(self, column: Any) -> ColumnElement[bool]:
        """Whether an instant lies within."""
        return and_(column >= self.since, column < self.until)

    def here(self) -> ColumnElement[bool]:
        """Whether an account lies here."""
        return Account.territory_id.in_(self.territory_ids)


def measure(session: Session, target: Target) -> int:
    """The progress of a target now."""
    found = session.scalar(MEASURES[Measure(target.measure)](_whose(session, target)))
    return int(found or 0)


def _orders(whose: Whose, counted: Any) -> Select[Any]:
    query = select(counted).where(Order.kind == OrderKind.ORDER.value, Order.status != OrderStatus.CANCELLED.value)
    if whose.currency is not None:
        query = query.where(Order.currency == whose.currency)
    if whose.user_ids is None:
        placed = whose.within(Order.placed_at)
        return query.join_from(Order, Account, Account.id == Order.account_id).where(placed, whose.here())
    deeds = (COUNTED, Interaction.kind == Kind.ORDER_PLACED.value, Interaction.actor.in_(whose.labels))
    placed_by = select(Interaction.subject_id).where(*deeds, whose.within(Interaction.at))
    return query.where(Order.id.in_(placed_by))


def _orders_value(whose: Whose) -> Select[Any]:
    return _orders(whose, func.sum(Order.total))


def _orders_count(whose: Whose) -> Select[Any]:
    return _orders(whose, func.count())


def _new_accounts(whose: Whose) -> Select[Any]:
    if whose.user_ids is None:
        return select(func.count()).select_from(Account).where(whose.here(), whose.within(Account.created_at))
    deeds = (COUNTED, Interaction.kind == Kind.ACCOUNT_CREATED.value, Interaction.actor.in_(whose.labels))
    made_by = select(Interaction.account_id).where(*deeds, whose.within(Interaction.at))
    return select(func.count()).select_from(Account).where(Account.id.in_(made_by))


def _opportunities_won(whose: Whose) -> Select[Any]:
    query = (
        select(func.count())
        .join_from(Opportunity, PipelineStage, PipelineStage.key == Opportunity.stage)
        .where(PipelineStage.kind == StageKind.WON.value, whose.within(Opportunity.closed_at))
    )
    if whose.user_ids is not None:
        return query.where(Opportunity.owner_id.in_(whose.user_ids))
    return query.join(Account, Account.id == Opportunity.account_id).where(whose.here())


def _visits(whose: Whose) -> Select[Any]:
    visits = Base.metadata.tables["visits"]  # by name: visits stand beside this package
    query = select(func.count()).select_from(visits).where(whose.within(visits.c.visited_at))
    if whose.user_ids is not None:
        return query.where(visits.c.rep_id.in_(whose.user_ids))
    return query.where(visits.c.account_id.in_(select(Account.id).where(whose.here())))


MEASURES: Mapping[Measure, Callable[[Whose], Select[Any]]] = {
    Measure.ORDERS_VALUE: _orders_value,
    Measure.ORDERS_COUNT: _orders_count,
    Measure.NEW_ACCOUNTS: _new_accounts,
    Measure.OPPORTUNITIES_WON: _opportunities_won,
    Measure.VISITS: _visits,
}


def _whose(session: Session, target: Target) -> Whose:
    """The days begin at midnight in the territory's time zone; in UTC where there is none."""
    territory = None if target.territory_id is None else session.get_one(Territory, target.territory_id)
    zone = ZoneInfo(territory.timezone) if territory is not None and territory.timezone else UTC
    since = datetime.combine(target.starts_on, time.min, zone).astimezone(UTC)
    until = datetime.combine(target.ends_on + timedelta(days=1), time.min, zone).astimezone(UTC)
    users: Sequence[UUID] | None = None
    if target.user_id is not None:
        users = [target.user_id]
    elif target.team is not None:
        users = session.scalars(select(User.id).where(User.team == target.team)).all()
    below = [] if territory is None else _with_those_below(session, territory.id)
    return Whose(since, until, users, below, target.currency)


def _with_those_below(session: Session, territory_id: UUID) -> list[UUID]:
    found, level = [territory_id], [territory_id]
    for _ in range(DEEPEST):
        level = list(session.scalars(select(Territory.id).where(Territory.parent_id.in_(level))))
        if not level:
            break
        found += level
    return found
