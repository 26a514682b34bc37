"""Finding visits; `within_reach` is the one place that says which visits, plans and reports somebody sees."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from mcrm.accounts.models import Account
from mcrm.actors import Actor
from mcrm.visits.errors import VisitUnknown
from mcrm.visits.models import Visit

TABLE = Visit.__table__


def within_reach(query: Select[Any], actor: Actor, table: Any = TABLE) -> Select[Any]:
    """A select of rows of `table`, which name an account, narrowed to those of accounts within the actor's reach."""
    if actor.sees_all:
        return query
    held = Account.__table__
    mine = held.c.territory_id.in_(actor.territory_ids)
    return query.join(held, held.c.id == table.c.account_id).where(mine)


def reachable(session: Session, actor: Actor, visit_id: UUID, *, lock: bool = False) -> Visit:
    """The visit, locked if asked; raises VisitUnknown for unknown and foreign ids alike."""
    query = within_reach(select(Visit), actor).where(Visit.id == visit_id)
    if lock:
        query = query.with_for_update(of=Visit, key_share=True).execution_options(populate_existing=True)
    visit: Visit | None = session.scalar(query)
    if visit is None:
        raise VisitUnknown()
    return visit
