"""Who is there to answer: an agent's screen says so every half minute, and nobody counts whose screen fell silent."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access.models import User
from mcrm.actors import Actor, Role
from mcrm.inbox.models import AgentPresence, Handover, HandoverState
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.settings_store import service as settings_store
from mcrm.settings_store.catalogue import AGENT_CAPACITY
from mcrm.transaction import insert_once

DESK = frozenset({Role.ADMIN, Role.MANAGER, Role.AGENT})
"""Who may answer customers."""
PRESENT_FOR = timedelta(seconds=90)


@dataclass(frozen=True, slots=True)
class Agent:
    """Somebody who is present, and how many conversations they have."""

    id: UUID
    name: str
    present_until: datetime
    conversations: int


def arrive(session: Session, actor: Actor) -> AgentPresence:
    """The acting agent is here for the next ninety seconds; only a beginning is a fact for the log."""
    assert actor.id is not None
    now = clock.now()
    row = _row(session, actor.id)
    if row is None:
        fresh = {"user_id": actor.id, "until": now}
        row = insert_once(session, AgentPresence, fresh, unique=["user_id"]) or _row(session, actor.id)
        assert row is not None
    if row.until <= now:
        log.append(session, actor, Kind.AGENT_PRESENT, about=log.About(subject=("user", actor.id)))
    row.until = now + PRESENT_FOR
    session.flush()
    return row


def leave(session: Session, actor: Actor) -> None:
    """The acting agent is given nothing more; what they have stays theirs."""
    assert actor.id is not None
    row, now = _row(session, actor.id), clock.now()
    if row is not None and row.until > now:
        row.until = now
        session.flush()
        log.append(session, actor, Kind.AGENT_AWAY, about=log.About(subject=("user", actor.id)))


def present(session: Session) -> list[Agent]:
    """Who is here now, the least busy first; of equally busy ones, who was given something longest ago."""
    latest = func.max(Handover.created_at).filter(Handover.state == HandoverState.TAKEN.value)
    busy = func.count(Handover.id).filter(Handover.state == HandoverState.TAKEN.value)
    query = (
        select(User.id, User.name, AgentPresence.until, busy)
        .join(AgentPresence, AgentPresence.user_id == User.id)
        .outerjoin(Handover, (Handover.agent_id == User.id) & (Handover.state == HandoverState.TAKEN.value))
        .where(User.is_active, User.role.in_([role.value for role in DESK]), AgentPresence.until > clock.now())
        .group_by(User.id, User.name, AgentPresence.until)
        .order_by(busy, latest.asc().nulls_first(), User.id)
    )
    return [Agent(*row) for row in session.execute(query)]


def least_busy(session: Session) -> Agent | None:
    """Whom to give the next conversation; None when nobody is here with a hand free."""
    capacity = settings_store.value(session, AGENT_CAPACITY)
    return next((agent for agent in present(session) if agent.conversations < capacity), None)


def is_spent(session: Session, user_id: UUID) -> bool:
    """Whether somebody is away, or answers more conversations than the desk gives to one."""
    capacity = settings_store.value(session, AGENT_CAPACITY)
    return not any(agent.id == user_id and agent.conversations <= capacity for agent in present(session))


def _row(session: Session, user_id: UUID) -> AgentPresence | None:
    return session.scalar(select(AgentPresence).where(AgentPresence.user_id == user_id))
