"""The team's day as a manager sees it: who called on whom and when, what came of it, and what was sold there."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access.models import User
from mcrm.accounts.models import Account
from mcrm.actors import Actor, Role
from mcrm.interactions.kinds import Kind
from mcrm.interactions.models import Interaction
from mcrm.visits.models import PlannedVisit, PlanState, Visit
from mcrm.visits.service import within_reach

MOST_VISITS = 2000


@dataclass(frozen=True, slots=True)
class Sale:
    """An order that a rep took at an account: minor units of its currency."""

    at: datetime
    currency: str
    total: int


@dataclass(frozen=True, slots=True)
class Money:
    """So many orders of one currency, and what they come to in its minor units."""

    currency: str
    orders: int
    total: int


@dataclass(frozen=True, slots=True)
class Made:
    """One visit of the day, with the orders taken from then on at this account, until the next visit to it."""

    visit: Visit
    account_name: str
    minutes: int | None
    sold: list[Money]


@dataclass(frozen=True, slots=True)
class RepDay:
    """One user's day: the visits, and the totals over them."""

    rep: User
    visits: list[Made]
    planned: int
    outside: int
    not_checked_out: int
    minutes: int
    sold: list[Money]


def team_day(session: Session, actor: Actor, *, on: date, team: str | None = None) -> list[RepDay]:
    """The day of every rep (of a team), and of whoever else made visits, by name; at most 2,000 visits in all."""
    visits = _visits(session, actor, on, team)
    planned = _planned(session, actor, on)
    sales = _sales(session, on, {visit.account_id for visit, _ in visits})
    by_rep: dict[UUID, list[tuple[Visit, str]]] = defaultdict(list)
    for visit, name in visits:
        by_rep[visit.rep_id].append((visit, name))
    people = session.scalars(_of_team(select(User), team).where(User.is_active | User.id.in_(by_rep)))
    shown = [user for user in people if user.role == Role.REP or user.id in by_rep]
    return [
        _rep_day(user, by_rep.get(user.id, []), planned.get(user.id, 0), sales)
        for user in sorted(shown, key=lambda user: (user.name, user.id))
    ]


def _visits(session: Session, actor: Actor, on: date, team: str | None) -> list[tuple[Visit, str]]:
    begins, ends = clock.bounds(on)
    query = within_reach(select(Visit), actor).where(Visit.visited_at >= begins, Visit.visited_at < ends)
    if team is not None:
        query = query.where(Visit.rep_id.in_(select(User.id).where(User.team == team)))
    visits = list(session.scalars(query.order_by(Visit.visited_at, Visit.id).limit(MOST_VISITS)))
    ids = {visit.account_id for visit in visits}
    names = {row.id: row.name for row in session.execute(select(Account.id, Account.name).where(Account.id.in_(ids)))}
    return [(visit, names[visit.account_id]) for visit in visits]


def _planned(session: Session, actor: Actor, on: date) -> dict[UUID, int]:
    """How many visits each rep has planned for the day and not dropped."""
    table = PlannedVisit.__table__
    query = within_reach(select(table.c.rep_id, func.count()), actor, table).where(
        table.c.on == on, table.c.state != PlanState.DROPPED.value
    )
    return {row[0]: row[1] for row in session.execute(query.group_by(table.c.rep_id))}


def _sales(session: Session, on: date, account_ids: Iterable[UUID]) -> dict[tuple[str, UUID], list[Sale]]:
    """(actor, account) to the orders placed that day, from the log: it alone knows who took them."""
    begins, ends = clock.bounds(on)
    query = select(Interaction.actor, Interaction.account_id, Interaction.at, Interaction.payload).where(
        Interaction.account_id.in_(list(account_ids)),
        Interaction.kind == Kind.ORDER_PLACED.value,
        Interaction.at >= begins,
        Interaction.at < ends,
    )
    found: dict[tuple[str, UUID], list[Sale]] = defaultdict(list)
    for row in session.execute(query):
        if row.payload:  # an erased one is empty
            facts = json.loads(row.payload)
            found[row.actor, row.account_id].append(Sale(row.at, facts["currency"], facts["total"]))
    return found


def _rep_day(
    user: User, visits: Sequence[tuple[Visit, str]], planned: int, sales: dict[tuple[str, UUID], list[Sale]]
) -> RepDay:
    at_visit: dict[UUID, list[Sale]] = defaultdict(list)
    for account_id in {visit.account_id for visit, _ in visits}:
        there = [visit for visit, _ in visits if visit.account_id == account_id]
        for sale in sales.get((f"user:{user.id}", account_id), ()):
            began = [visit for visit in there if visit.visited_at <= sale.at]
            at_visit[(began[-1] if began else there[0]).id].append(sale)
    made = [Made(visit, name, _minutes(visit), _money(at_visit[visit.id])) for visit, name in visits]
    return RepDay(
        rep=user,
        visits=made,
        planned=planned,
        outside=sum(visit.verdict == "outside" for visit, _ in visits),
        not_checked_out=sum(visit.state == "not_checked_out" for visit, _ in visits),
        minutes=sum(one.minutes or 0 for one in made),
        sold=_money([sale for found in at_visit.values() for sale in found]),
    )


def _minutes(visit: Visit) -> int | None:
    if visit.checked_out_at is None:
        return None
    return round((visit.checked_out_at - visit.checked_in_at).total_seconds() / 60)


def _money(sales: Iterable[Sale]) -> list[Money]:
    totals: dict[str, list[int]] = defaultdict(list)
    for sale in sales:
        totals[sale.currency].append(sale.total)
    return [Money(currency, len(found), sum(found)) for currency, found in sorted(totals.items())]


def _of_team(query: Select[Any], team: str | None) -> Select[Any]:
    return query if team is None else query.where(User.team == team)
