"""A new password: by the old one, or by a one-time token that an admin hands to whoever forgot it.

These functions open their own transactions where a refused try has to be counted although it is refused, and because
the hash of a password must not be computed while the database waits.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from mcrm import clock, keys
from mcrm.access import counters, passwords, users
from mcrm.access.errors import PasswordWrong, ResetInvalid, TooManyTries
from mcrm.access.models import PasswordReset, User
from mcrm.actors import Actor, Channel, Role
from mcrm.audit import trail
from mcrm.config import Limits
from mcrm.db import reading
from mcrm.interactions.kinds import Kind
from mcrm.transaction import perform, transaction

LIFETIME = timedelta(hours=1)
HOUR = timedelta(hours=1)


def offer(session: Session, actor: Actor, user: User) -> tuple[PasswordReset, str]:
    """A one-time token for a new password, good for an hour, and its row; tokens offered before die."""
    users.forget_resets(session, user)
    token = keys.new_token()
    reset = PasswordReset(user_id=user.id, digest=_digest(token), expires_at=clock.now() + LIFETIME)
    session.add(reset)
    trail.record(session, actor, Kind.PASSWORD_RESET_OFFERED, subject=("user", user.id))
    return reset, token


def redeem(limits: Limits, *, token: str, password: str, ip: str, request_id: str | None = None) -> None:
    """Set a new password by a token, once; all sessions end. Raises ResetInvalid, PasswordWeak, TooManyTries."""
    _count(limits, "password-reset", ip)
    with reading() as session:
        if session.scalar(_valid(token)) is None:
            raise ResetInvalid()
    password_hash = passwords.hashed(password)

    def work(session: Session) -> None:
        user_id = session.scalar(_valid(token).with_for_update())
        user = session.get(User, user_id) if user_id else None
        if user is None or not user.is_active:
            raise ResetInvalid()
        actor = Actor(role=Role(user.role), channel=Channel.API, id=user.id, request_id=request_id)
        users.change(session, actor, user, kind=Kind.PASSWORD_RESET, password_hash=password_hash)

    perform(work)


def change_own(limits: Limits, actor: Actor, *, old_password: str, new_password: str) -> None:
    """Change the own password by the old one; all sessions end, this one too.

    Raises PasswordWrong, PasswordWeak, and TooManyTries: whoever holds a stolen token must not guess the password.
    """
    assert actor.id is not None
    _count(limits, "password-own", str(actor.id))
    with reading() as session:
        stored = session.scalar(select(User.password_hash).where(User.id == actor.id))
    if not passwords.fits(old_password, stored):
        raise PasswordWrong(field="old_password")
    password_hash = passwords.hashed(new_password, field="new_password")

    def work(session: Session) -> None:
        user = session.get_one(User, actor.id)
        if user.password_hash != stored:  # somebody changed it meanwhile
            raise PasswordWrong(field="old_password")
        users.change(session, actor, user, kind=Kind.PASSWORD_CHANGED, password_hash=password_hash)

    perform(work)


def _count(limits: Limits, name: str, key: str) -> None:
    with transaction() as session:
        tries = counters.count(session, name, key, window=HOUR)
    if tries > limits.login_tries:
        raise TooManyTries(retry_after_s=counters.seconds_left(HOUR))


def _valid(token: str) -> Select[UUID]:
    return select(PasswordReset.user_id).where(
        PasswordReset.digest == _digest(token), PasswordReset.used_at.is_(None), PasswordReset.expires_at > clock.now()
    )


def _digest(token: str) -> str:
    return keys.digest("password-reset", token)
