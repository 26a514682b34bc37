"""Which users see an account: the question that somebody asks who gives them something to do there."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.access.models import User
from mcrm.accounts.models import Account
from mcrm.actors import Actor, Channel, Role, Scope
from mcrm.territories.models import ScopeGrant


def sees(session: Session, user_id: UUID, account_id: UUID) -> bool:
    """Whether an active user sees the account: reps do by a grant on its territory, everybody else sees all."""
    granted = (
        select(ScopeGrant.id)
        .join(Account, Account.territory_id == ScopeGrant.territory_id)
        .where(Account.id == account_id, ScopeGrant.user_id == User.id, ScopeGrant.revoked_at.is_(None))
    )
    within = (User.role != Role.REP.value) | granted.exists()
    return session.scalar(select(User.id).where(User.id == user_id, User.is_active, within)) is not None


def hold(session: Session, user_id: UUID) -> User | None:
    """The user, locked: what depends on all of a user's rows is decided one after the other."""
    return session.scalar(select(User).where(User.id == user_id).with_for_update(key_share=True))


def standing_for(session: Session, user_id: UUID, channel: Channel) -> Actor | None:
    """An actor who sees what this active user sees; None for nobody of the business."""
    user = session.scalar(select(User).where(User.id == user_id, User.is_active))
    if user is None:
        return None
    role, query = Role(user.role), select(ScopeGrant.territory_id)
    if role is not Role.REP:
        return Actor(role, channel, user.id, scope=Scope.ALL)
    granted = session.scalars(query.where(ScopeGrant.user_id == user.id, ScopeGrant.revoked_at.is_(None)))
    return Actor(role, channel, user.id, scope=Scope.TERRITORY, territory_ids=frozenset(granted))
