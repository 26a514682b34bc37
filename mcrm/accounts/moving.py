"""An account goes to another territory with all that stands below it; and why it is where it is."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.accounts.hierarchy import DEEPEST
from mcrm.accounts.models import Account
from mcrm.accounts.service import reachable
from mcrm.actors import Actor
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.interactions.models import Interaction
from mcrm.territories import members
from mcrm.territories import service as territories
from mcrm.territories.members import Member

PLACING = (Kind.ACCOUNT_CREATED.value, Kind.ACCOUNT_CHANGED.value, Kind.ACCOUNT_MOVED.value)


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Why an account is somebody's: its territory, who covers it, and by whom and when it came there.

    `how` is created, changed or moved; `because` the reason that was given. `seen_by` is how the asker sees it: by the
    role, or by the grant of the territory.
    """

    territory_id: UUID | None
    territory: str | None
    manager_id: UUID | None
    members: list[Member]
    how: str
    since: datetime
    by: str | None
    because: str | None
    seen_by: str


def move(session: Session, actor: Actor, *, account_id: UUID, territory_id: UUID, reason: str | None) -> list[Account]:
    """Give an account to a territory, with all below it that lie where it lay; those that moved, it first.

    Contacts, orders and all else that belongs to them follow. Already there, nothing happens. Raises AccountUnknown,
    TerritoryUnknown.
    """
    account = reachable(session, actor, account_id)
    into = territories.reachable(session, actor, territory_id, field="territory_id")
    if account.territory_id == into.id:
        return []
    moved = [account, *_below(session, account)]
    for one in moved:
        payload = {
            "territory": [one.territory_id and str(one.territory_id), str(into.id)],
            "reason": reason,
            "with": None if one is account else str(account.id),
        }
        one.territory_id = into.id
        session.flush()
        kept = {name: value for name, value in payload.items() if value is not None}
        log.append(session, actor, Kind.ACCOUNT_MOVED, about=About(account_id=one.id), payload=kept)
    return moved


def whereabouts(session: Session, actor: Actor, account_id: UUID) -> Whereabouts:
    """Why this account is where it is; raises AccountUnknown."""
    account = reachable(session, actor, account_id)
    territory = None if account.territory_id is None else territories.reachable(session, actor, account.territory_id)
    fact = _placing(session, account)
    payload = json.loads(fact.payload) if fact is not None and fact.payload else {}
    return Whereabouts(
        territory_id=account.territory_id,
        territory=None if territory is None else territory.name,
        manager_id=None if territory is None else territory.manager_id,
        members=[] if territory is None else members.members(session, territory.id),
        how="created" if fact is None else fact.kind.partition(".")[2],
        since=account.created_at if fact is None else fact.at,
        by=None if fact is None else fact.actor,
        because=payload.get("reason"),
        seen_by="role" if actor.sees_all else "grant",
    )


def _below(session: Session, account: Account) -> list[Account]:
    """What stands below, level by level, as far as it lies in the same territory, in the order of ids."""
    found: list[Account] = []
    level = [account.id]
    for _ in range(DEEPEST):
        same = Account.territory_id.is_not_distinct_from(account.territory_id)
        query = select(Account).where(Account.parent_id.in_(level), same).order_by(Account.id)
        children = session.scalars(query).all()
        if not children:
            break
        found += children
        level = [child.id for child in children]
    return found


def _placing(session: Session, account: Account) -> Interaction | None:
    """The newest fact that says where the account lies."""
    query = (
        select(Interaction)
        .where(Interaction.account_id == account.id, Interaction.kind.in_(PLACING))
        .order_by(Interaction.position.desc())
    )
    for fact in session.scalars(query):
        if fact.kind != Kind.ACCOUNT_CHANGED or '"territory":' in fact.payload:
            return fact
    return None
