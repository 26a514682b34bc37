"""Who covers a territory, who answers for it, who sees it. Users stand below this package: their table by its name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.db import Base
from mcrm.territories.models import ScopeGrant, Territory

MANAGING = (Role.MANAGER, Role.ADMIN)
HIGHEST = 10


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody who has been granted a territory."""

    user_id: UUID
    name: str
    role: str
    team: str | None
    granted_at: datetime


def members(session: Session, territory_id: UUID) -> list[Member]:
    """The active users to whom a territory is granted, by name."""
    users = _users()
    columns = (users.c.id, users.c.name, users.c.role, users.c.team, ScopeGrant.created_at)
    query = (
        select(*columns)
        .join_from(ScopeGrant, users, users.c.id == ScopeGrant.user_id)
        .where(ScopeGrant.territory_id == territory_id, ScopeGrant.revoked_at.is_(None), users.c.is_active)
        .order_by(users.c.name, users.c.id)
    )
    return [Member(*row) for row in session.execute(query)]


def reps(session: Session, territory_id: UUID) -> list[UUID]:
    """The active reps to whom a territory is granted: between whom its leads are shared out."""
    return [one.user_id for one in members(session, territory_id) if one.role == Role.REP]


def may_see(session: Session, user_id: UUID, territory_id: UUID | None) -> bool:
    """Whether an active user sees what lies in a territory: a rep by a grant, everybody else of the staff anyway."""
    role = _role(session, user_id)
    if role != Role.REP:
        return role is not None
    granted = select(ScopeGrant.id).where(
        ScopeGrant.user_id == user_id, ScopeGrant.territory_id == territory_id, ScopeGrant.revoked_at.is_(None)
    )
    return territory_id is not None and session.scalar(granted) is not None


def may_manage(session: Session, user_id: UUID) -> bool:
    """Whether this is an active manager or admin."""
    return _role(session, user_id) in MANAGING


def answering(session: Session, territory_id: UUID | None) -> Sequence[UUID]:
    """Who is told what goes wrong in a territory: its manager, else that of the next one above, else all managers.

    Where there is no active manager at all, the admins.
    """
    for _ in range(HIGHEST):
        if territory_id is None:
            break
        row: Any = session.execute(
            select(Territory.manager_id, Territory.parent_id).where(Territory.id == territory_id)
        ).one()
        if row.manager_id is not None and may_manage(session, row.manager_id):
            return [row.manager_id]
        territory_id = row.parent_id
    users = _users()
    for role in MANAGING:
        query = select(users.c.id).where(users.c.role == role.value, users.c.is_active).order_by(users.c.id)
        if found := session.scalars(query).all():
            return found
    return []


def _role(session: Session, user_id: UUID) -> str | None:
    users = _users()
    return session.scalar(select(users.c.role).where(users.c.id == user_id, users.c.is_active))


def _users() -> Table:
    return Base.metadata.tables["users"]
