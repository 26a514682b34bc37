"""Use cases of territories, and of who may see them."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.audit import trail
from mcrm.db import Base
from mcrm.editing import edit
from mcrm.interactions.kinds import Kind
from mcrm.territories import members
from mcrm.territories.errors import (
    GranteeUnknown,
    GrantUnknown,
    ManagerUnfit,
    TerritoryInCircle,
    TerritoryInUse,
    TerritoryNameTaken,
    TerritoryNeeded,
    TerritoryUnknown,
)
from mcrm.territories.models import ScopeGrant, Territory, TerritoryPlace

DEEPEST = 10


def territories_of(actor: Actor) -> Select[Territory]:
    """The territories within the actor's reach."""
    query = select(Territory)
    return query if actor.sees_all else query.where(Territory.id.in_(actor.territory_ids))


def reachable(session: Session, actor: Actor, territory_id: UUID, *, field: str | None = None) -> Territory:
    """The territory; raises TerritoryUnknown, naming `field`, for an unknown and for a foreign id alike."""
    territory = session.scalar(territories_of(actor).where(Territory.id == territory_id))
    if territory is None:
        raise TerritoryUnknown(field=field)
    return territory


def for_new(session: Session, actor: Actor, territory_id: UUID | None) -> UUID | None:
    """The territory of something new: the one named, else a rep's only one; raises TerritoryNeeded if a rep has more.

    What a rep makes always lies within the rep's own scope: otherwise it would vanish at once.
    """
    if territory_id is not None:
        return reachable(session, actor, territory_id, field="territory_id").id
    if actor.sees_all:
        return None
    if len(actor.territory_ids) != 1:
        raise TerritoryNeeded(field="territory_id")
    return next(iter(actor.territory_ids))


def create(session: Session, actor: Actor, *, name: str, **facts: Any) -> Territory:
    """Make a territory; `facts` are other columns. Raises TerritoryNameTaken, TerritoryUnknown, ManagerUnfit."""
    _check(session, actor, facts)
    territory = Territory(name=name, **facts)
    _store(session, territory)
    trail.record(session, actor, Kind.TERRITORY_CREATED, subject=("territory", territory.id), fields=["name"])
    return territory


def change(session: Session, actor: Actor, territory: Territory, changes: dict[str, Any]) -> Territory:
    """Change a territory; raises TerritoryNameTaken, TerritoryInCircle, TerritoryUnknown, ManagerUnfit."""
    _check(session, actor, changes)
    if changes.get("parent_id") is not None:
        _check_circle(session, territory, changes["parent_id"])
    if changed := edit(territory, changes):
        _store(session, territory)
        subject = ("territory", territory.id)
        payload = {"changed": changed}
        trail.record(session, actor, Kind.TERRITORY_CHANGED, subject=subject, fields=changed, payload=payload)
    return territory


def remove(session: Session, actor: Actor, territory: Territory) -> None:
    """Remove a territory in which nothing lies and that nobody may see; raises TerritoryInUse."""
    if grants(session, territory.id):
        raise TerritoryInUse()
    try:
        with session.begin_nested():
            session.execute(delete(ScopeGrant).where(ScopeGrant.territory_id == territory.id))
            session.execute(delete(TerritoryPlace).where(TerritoryPlace.territory_id == territory.id))
            session.delete(territory)
    except IntegrityError:
        raise TerritoryInUse() from None
    trail.record(session, actor, Kind.TERRITORY_REMOVED, subject=("territory", territory.id))


def _check(session: Session, actor: Actor, facts: dict[str, Any]) -> None:
    if facts.get("parent_id") is not None:
        reachable(session, actor, facts["parent_id"], field="parent_id")
    if facts.get("manager_id") is not None and not members.may_manage(session, facts["manager_id"]):
        raise ManagerUnfit(field="manager_id")


def _check_circle(session: Session, territory: Territory, parent_id: UUID) -> None:
    """All territories are locked in one order: there are few, and two moves together must not close a circle."""
    rows = session.execute(select(Territory.id, Territory.parent_id).order_by(Territory.id).with_for_update())
    parents = {row[0]: row[1] for row in rows}
    above: UUID | None = parent_id
    for _ in range(DEEPEST):
        if above is None:
            return
        if above == territory.id:
            break
        above = parents.get(above)
    raise TerritoryInCircle(field="parent_id")


def _store(session: Session, territory: Territory) -> None:
    try:
        with session.begin_nested():
            session.add(territory)
    except IntegrityError:
        raise TerritoryNameTaken(field="name") from None


def grants(session: Session, territory_id: UUID) -> list[ScopeGrant]:
    """Who may see a territory now."""
    query = select(ScopeGrant).where(ScopeGrant.territory_id == territory_id, ScopeGrant.revoked_at.is_(None))
    return list(session.scalars(query.order_by(ScopeGrant.id)))


def grants_of(session: Session, user_id: UUID) -> list[ScopeGrant]:
    """Which territories a user may see now."""
    query = select(ScopeGrant).where(ScopeGrant.user_id == user_id, ScopeGrant.revoked_at.is_(None))
    return list(session.scalars(query.order_by(ScopeGrant.id)))


def grant(session: Session, actor: Actor, *, territory_id: UUID, user_id: UUID) -> ScopeGrant:
    """Let a user see a territory; granting twice changes nothing. Raises GranteeUnknown, TerritoryUnknown."""
    reachable(session, actor, territory_id)
    users = Base.metadata.tables["users"]  # by name: users stand below this package
    if session.scalar(select(users.c.id).where(users.c.id == user_id)) is None:
        raise GranteeUnknown(field="user_id")
    found = _grant_of(session, territory_id, user_id)
    if found is None:
        found = ScopeGrant(territory_id=territory_id, user_id=user_id)
        try:
            with session.begin_nested():
                session.add(found)
        except IntegrityError:  # somebody granted it at the same moment
            found = _grant_of(session, territory_id, user_id)
            assert found is not None
            return found
    elif found.revoked_at is None:
        return found
    else:
        found.revoked_at = None
    _log_grant(session, actor, Kind.SCOPE_GRANTED, found)
    return found


def revoke(session: Session, actor: Actor, *, territory_id: UUID, user_id: UUID) -> ScopeGrant:
    """Take a territory from a user; raises GrantUnknown. The row stays: devices must learn of it."""
    found = _grant_of(session, territory_id, user_id)
    if found is None or found.revoked_at is not None:
        raise GrantUnknown
    found.revoked_at = clock.now()
    _log_grant(session, actor, Kind.SCOPE_REVOKED, found)
    return found


def _grant_of(session: Session, territory_id: UUID, user_id: UUID) -> ScopeGrant | None:
    query = select(ScopeGrant).where(ScopeGrant.territory_id == territory_id, ScopeGrant.user_id == user_id)
    return session.scalar(query)


def _log_grant(session: Session, actor: Actor, kind: Kind, grant: ScopeGrant) -> None:
    subject = ("territory", grant.territory_id)
    trail.record(session, actor, kind, subject=subject, fields=["user_id"], payload={"user_id": str(grant.user_id)})
