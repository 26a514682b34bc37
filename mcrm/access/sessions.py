"""A session is one device's sign-in. Its refresh token changes with every use; an old one used again ends the session.

The next token follows from the last one by a keyed digest, so a device whose reply was lost, or that refreshed twice
at once, is given the same new token again within a short grace, and there is never more than one valid successor.
A token carries our mark: session ids are no secret, and a made-up token with one in it must not end that session.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock, keys
from mcrm.access import tokens
from mcrm.access.errors import RefreshInvalid, SessionUnknown
from mcrm.access.models import SignIn, User
from mcrm.actors import SYSTEM, Actor, Role
from mcrm.config import Settings
from mcrm.contacts import devices
from mcrm.contacts.models import Contact
from mcrm.contacts.people import is_person
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind

MARK = 32  # hex digits


@dataclass(frozen=True, slots=True)
class Device:
    """The device that signs in, as it names itself."""

    id: str
    name: str | None = None
    platform: str | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """What a device gets: an access token for `expires_in_s` seconds, and the refresh token for the next one."""

    access_token: str
    refresh_token: str
    expires_in_s: int
    token_type: str = "Bearer"


def open_session(
    session: Session, settings: Settings, actor: Actor, *, device: Device, user: User | None, contact_id: UUID | None
) -> Pair:
    """Sign a user or a customer in on a device; an older session of the same device ends."""
    now = clock.now()
    for older in _of(session, user.id if user else None, contact_id):
        if older.device_id == device.id:
            _revoke(session, actor, older, "replaced", quiet=True)
    signed_in = SignIn(
        user_id=user.id if user else None,
        contact_id=contact_id,
        device_id=device.id,
        device_name=device.name,
        platform=device.platform,
        refresh_digest="",
        rotated_at=now,
        last_seen_at=now,
        verified_at=now if contact_id else None,
        expires_at=now + timedelta(days=settings.limits.refresh_token_days),
    )
    refresh = _minted(signed_in.id, keys.new_token())
    signed_in.refresh_digest = keys.digest("refresh", refresh)
    session.add(signed_in)
    about = log.About(contact_id=contact_id, subject=("session", signed_in.id))
    log.append(session, actor, Kind.SIGNED_IN, about=about, payload={"platform": device.platform})
    role = user.role if user else Role.CUSTOMER.value
    return _pair(settings, signed_in, role, refresh)


def refresh(session: Session, settings: Settings, *, refresh_token: str) -> Pair | None:
    """A new pair for a refresh token; None when the token had been used before, which ends its session.

    None instead of an error, because the ending has to be committed. Raises RefreshInvalid for anything unknown,
    expired or ended.
    """
    signed_in = _by_token(session, refresh_token)
    now = clock.now()
    if signed_in is None or signed_in.revoked_at is not None or signed_in.expires_at <= now:
        raise RefreshInvalid()
    role = _role_of(session, signed_in)
    used = keys.digest("refresh", refresh_token)
    following = _minted(signed_in.id, keys.digest("refresh-chain", refresh_token))
    grace = timedelta(seconds=settings.limits.refresh_grace_seconds)
    if keys.same(used, signed_in.refresh_digest):
        signed_in.previous_digest = used
        signed_in.refresh_digest = keys.digest("refresh", following)
        signed_in.rotated_at = signed_in.last_seen_at = now
        signed_in.expires_at = now + timedelta(days=settings.limits.refresh_token_days)
    elif not (signed_in.previous_digest and keys.same(used, signed_in.previous_digest)) or (
        now - signed_in.rotated_at > grace
    ):
        if not _is_ours(refresh_token):
            raise RefreshInvalid()
        _revoke(session, SYSTEM, signed_in, "reuse", kind=Kind.SIGN_IN_REUSED)
        return None
    return _pair(settings, signed_in, role, following)


def end(session: Session, actor: Actor, *, session_id: UUID) -> None:
    """End one of the actor's own sessions (`session_id`), on this or another device; raises SessionUnknown."""
    for signed_in in of_actor(session, actor):
        if signed_in.id == session_id:
            return _revoke(session, actor, signed_in, "logout")
    raise SessionUnknown()


def end_others(session: Session, actor: Actor, *, reason: str = "logout") -> int:
    """End all of the actor's own sessions but the one they act in (a chat is none); how many."""
    others = [one for one in of_actor(session, actor) if one.id != actor.session_id]
    for signed_in in others:
        _revoke(session, actor, signed_in, reason)
    return len(others)


def end_all(
    session: Session, actor: Actor, *, user_id: UUID | None = None, contact_id: UUID | None = None, reason: str
) -> int:
    """End every session of a user (deactivated, new password) or of a customer; how many."""
    open_ones = _of(session, user_id, contact_id)
    for signed_in in open_ones:
        _revoke(session, actor, signed_in, reason)
    return len(open_ones)


def of_actor(session: Session, actor: Actor) -> list[SignIn]:
    """The actor's open sessions."""
    return _of(session, actor.id if actor.is_staff else None, actor.contact_id)


def _of(session: Session, user_id: UUID | None, contact_id: UUID | None) -> list[SignIn]:
    if user_id is None and contact_id is None:
        return []
    query = select(SignIn).where(SignIn.revoked_at.is_(None), SignIn.expires_at > clock.now()).order_by(SignIn.id)
    query = query.where(SignIn.user_id == user_id) if user_id else query.where(is_person(SignIn.contact_id, contact_id))
    return list(session.scalars(query))


def _by_token(session: Session, token: str) -> SignIn | None:
    try:
        session_id = UUID(token.partition(".")[0])
    except ValueError:
        return None
    return session.get(SignIn, session_id, with_for_update=True)


def _minted(session_id: UUID, secret: str) -> str:
    body = f"{session_id}.{secret}"
    return f"{body}.{keys.digest('refresh-mark', body)[:MARK]}"


def _is_ours(token: str) -> bool:
    """Whether we gave this token out at some time, whatever became of it since."""
    body, _, mark = token.rpartition(".")
    return keys.same(keys.digest("refresh-mark", body)[:MARK], mark)


def _role_of(session: Session, signed_in: SignIn) -> str:
    if signed_in.user_id is None:
        return Role.CUSTOMER.value
    user = session.get(User, signed_in.user_id)
    if user is None or not user.is_active:
        raise RefreshInvalid()
    return user.role


def _revoke(
    session: Session, actor: Actor, signed_in: SignIn, reason: str, *, kind: Kind = Kind.SIGNED_OUT, quiet: bool = False
) -> None:
    signed_in.revoked_at = clock.now()
    signed_in.revoked_reason = reason
    if not quiet:
        if signed_in.contact_id is not None:  # a lost phone must not go on showing what its owner gets
            contact = session.get_one(Contact, signed_in.contact_id)
            devices.forget(session, actor, contact=contact, device_id=signed_in.device_id)
        about = log.About(contact_id=signed_in.contact_id, subject=("session", signed_in.id))
        log.append(session, actor, kind, about=about, payload={"reason": reason})


def _pair(settings: Settings, signed_in: SignIn, role: str, refresh_token: str) -> Pair:
    holder = signed_in.user_id or signed_in.contact_id
    assert holder is not None
    lifetime = timedelta(seconds=settings.limits.access_token_seconds)
    claims = tokens.Claims(subject=holder, role=role, session_id=signed_in.id)
    access = tokens.issue(claims, issuer=settings.public_url, lifetime=lifetime)
    return Pair(access_token=access, refresh_token=refresh_token, expires_in_s=int(lifetime.total_seconds()))
