"""Users: made, changed and shut out by an admin; a new password or role ends the user's sessions. Sign-out for all."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access import sessions
from mcrm.access.errors import EmailTaken, LastAdmin, UserUnknown
from mcrm.access.models import PasswordReset, User
from mcrm.actors import Actor, Role
from mcrm.audit import trail
from mcrm.contacts.models import Contact
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About

ENDING = {"role", "password_hash"}


def create(
    session: Session, actor: Actor, *, email: str, name: str, role: str, password_hash: str, **more: Any
) -> User:
    """A user who can log in from now on. Raises EmailTaken. The password is hashed by the caller (`passwords.hashed`),
    outside the transaction: it takes tens of milliseconds."""
    user = User(email=email.strip().lower(), name=name, role=role, password_hash=password_hash, **more)
    _store(session, user)
    trail.record(session, actor, Kind.USER_CREATED, subject=("user", user.id), fields=["email", "name", "role"])
    return user


def change(session: Session, actor: Actor, user: User, *, kind: Kind = Kind.USER_CHANGED, **changes: Any) -> User:
    """Change a user. Shutting out, a new role or a new password ends all sessions, and all tokens, at once.

    Raises EmailTaken, and LastAdmin when nobody would be left to administer.
    """
    changed = sorted(name for name, value in changes.items() if getattr(user, name) != value)
    if not changed:
        return user
    if _is_admin(user) and not (changes.get("role", user.role) == Role.ADMIN and changes.get("is_active", True)):
        _require_another_admin(session, user)
    for name in changed:
        setattr(user, name, changes[name])
    _store(session, user)
    if ENDING & set(changed) or not user.is_active:
        sessions.end_all(session, actor, user_id=user.id, reason="changed")
        forget_resets(session, user)
    trail.record(session, actor, kind, subject=("user", user.id), fields=changed)
    return user


def forget_resets(session: Session, user: User) -> None:
    """No token for a new password that was offered to this user is good any more."""
    session.execute(
        update(PasswordReset)
        .where(PasswordReset.user_id == user.id, PasswordReset.used_at.is_(None))
        .values(used_at=clock.now())
        .execution_options(synchronize_session=False)
    )


def sign_out(session: Session, actor: Actor, user: User) -> int:
    """End all of a user's sessions (a lost phone); how many there were."""
    ended = sessions.end_all(session, actor, user_id=user.id, reason="ended-by-admin")
    trail.record(session, actor, Kind.SIGNED_OUT, subject=("user", user.id), payload={"sessions": ended})
    return ended


def sign_out_customer(session: Session, actor: Actor, contact: Contact) -> int:
    """End all sessions of a customer, and the pushes to those devices; how many there were."""
    ended = sessions.end_all(session, actor, contact_id=contact.id, reason="ended-by-admin")
    about = About(contact_id=contact.id, account_id=contact.account_id, subject=("contact", contact.id))
    payload = {"sessions": ended}
    trail.record(session, actor, Kind.SIGNED_OUT, subject=("contact", contact.id), about=about, payload=payload)
    return ended


def get(session: Session, user_id: UUID) -> User:
    """A user by id; raises UserUnknown."""
    if (user := session.get(User, user_id)) is None:
        raise UserUnknown()
    return user


def listed(
    role: str | None = None, team: str | None = None, is_active: bool | None = None, q: str | None = None
) -> Select[User]:
    """All users, or those of a role, of a team, active or not, with these words in name or e-mail."""
    users = select(User)
    for column, wanted in ((User.role, role), (User.team, team), (User.is_active, is_active)):
        if wanted is not None:
            users = users.where(column == wanted)
    if q is not None:
        users = users.where(or_(User.name.icontains(q, autoescape=True), User.email.icontains(q, autoescape=True)))
    return users


def _is_admin(user: User) -> bool:
    return user.is_active and user.role == Role.ADMIN


def _require_another_admin(session: Session, user: User) -> None:
    """Locks the admins: two who shut each other out at the same moment must not both succeed."""
    admins = select(User.id).where(User.role == Role.ADMIN.value, User.is_active).order_by(User.id).with_for_update()
    if set(session.scalars(admins)) <= {user.id}:
        raise LastAdmin()


def _store(session: Session, user: User) -> None:
    try:
        with session.begin_nested():
            session.add(user)
            session.flush()
    except IntegrityError:
        raise EmailTaken(field="email") from None
