"""Users: made, changed and shut out by an admin; a new password or role ends the user's sessions."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.access import sessions
from mcrm.access.errors import EmailTaken, UserUnknown
from mcrm.access.models import User
from mcrm.actors import Actor
from mcrm.audit.models import AuditEntry
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind

ENDING = {"role", "password_hash"}


def create(
    session: Session, actor: Actor, *, email: str, name: str, role: str, password_hash: str, **more: Any
) -> User:
    """A user who can log in from now on. Raises EmailTaken. The password is hashed by the caller (`passwords.hashed`),
    outside the transaction: it takes tens of milliseconds."""
    user = User(email=email.strip().lower(), name=name, role=role, password_hash=password_hash, **more)
    try:
        with session.begin_nested():
            session.add(user)
            session.flush()
    except IntegrityError:
        raise EmailTaken(field="email") from None
    _trace(session, actor, Kind.USER_CREATED, user, ["email", "name", "role"])
    return user


def change(session: Session, actor: Actor, user: User, **changes: Any) -> User:
    """Change a user; raises nothing. Shutting out, a new role or a new password ends all sessions."""
    changed = sorted(name for name, value in changes.items() if getattr(user, name) != value)
    for name in changed:
        setattr(user, name, changes[name])
    if not changed:
        return user
    session.flush()
    if ENDING & set(changed) or not user.is_active:
        sessions.end_all(session, actor, user_id=user.id, reason="changed")
    _trace(session, actor, Kind.USER_CHANGED, user, changed)
    return user


def get(session: Session, user_id: UUID) -> User:
    """A user by id; raises UserUnknown."""
    if (user := session.get(User, user_id)) is None:
        raise UserUnknown()
    return user


def listed(role: str | None = None) -> Select[User]:
    """All users, of one role if given."""
    users = select(User)
    return users if role is None else users.where(User.role == role)


def _trace(session: Session, actor: Actor, kind: Kind, user: User, fields: list[str]) -> None:
    log.append(session, actor, kind, about=log.About(subject=("user", user.id)), payload={"fields": fields})
    session.add(
        AuditEntry(actor=actor.label, action=kind.value, subject_type="user", subject_id=user.id, fields=fields)
    )
