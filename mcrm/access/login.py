"""Signing in: staff by password, customers by a code to their number; and who a token stands for.

These functions open their own transactions: a refused try has to be counted although it is refused, and the hash of
a password must not be computed while the database waits.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access import codes, counters, passwords, sessions, tokens
from mcrm.access.codes import Verdict
from mcrm.access.errors import CodeLocked, CodeWrong, LoginWrong, RefreshInvalid, TokenInvalid, TooManyTries
from mcrm.access.models import SignIn, User
from mcrm.access.sessions import Device, Pair
from mcrm.actors import SYSTEM, Actor, Channel, Role, Scope
from mcrm.config import Settings
from mcrm.contacts.errors import AddressInvalid
from mcrm.contacts.models import Contact, ContactPoint, PointState
from mcrm.contacts.people import survivor_of
from mcrm.contacts.points import e164, find
from mcrm.db import looking
from mcrm.integrations import service as integrations
from mcrm.prepared import Prepared
from mcrm.territories.models import ScopeGrant
from mcrm.transaction import perform, transaction

SIGN_IN = "sign-in"
FRESH = timedelta(minutes=5)
SCOPES = {Role.REP: Scope.TERRITORY, Role.MANAGER: Scope.ALL, Role.ADMIN: Scope.ALL, Role.AGENT: Scope.ALL}


def login(settings: Settings, *, email: str, password: str, device: Device, ip: str) -> Pair:
    """Sign a user in. Raises LoginWrong, or TooManyTries after too many wrong ones from one address at one user.

    Tries are counted per user and address: a stranger cannot lock somebody out who signs in from elsewhere.
    """
    window = timedelta(minutes=settings.limits.login_minutes)
    who = email.strip().lower()
    with transaction() as session:
        at_user = counters.count(session, "login-user-ip", f"{who}|{ip}", window=window)
        at_all = counters.count(session, "login-ip", ip, window=window)
        user = session.scalar(select(User).where(User.email == who))
    if at_user > settings.limits.login_tries or at_all > settings.limits.login_tries * 10:
        raise TooManyTries(retry_after_s=counters.seconds_left(window))
    known = user is not None and user.is_active
    if not passwords.fits(password, user.password_hash if user and known else None) or user is None:
        raise LoginWrong()
    actor = Actor(role=Role(user.role), channel=Channel.API, id=user.id)
    with transaction() as session:
        return sessions.open_session(session, settings, actor, device=device, user=user, contact_id=None)


def request_code(settings: Settings, *, phone: str, ip: str, text: str) -> None:
    """Send a sign-in code when the number is a customer's; the caller cannot tell whether it is.

    Raises TooManyTries for the sender of requests only, never in a way that depends on whether the number is known.
    """
    try:
        number = e164(phone, settings.default_region)
    except AddressInvalid:
        return
    with transaction() as session:
        asked = counters.count(session, "otp-requests", ip, window=codes.HOUR)
    if asked > settings.limits.otp_per_ip_hour:
        raise TooManyTries(retry_after_s=counters.seconds_left(codes.HOUR))
    with transaction() as session:
        point = _customers(session, number)
        if point is not None:
            _send(session, settings, point, text)
        else:
            _send_nothing(session, settings, number, text)


def _send(session: Session, settings: Settings, point: ContactPoint, text: str) -> None:
    try:
        with session.begin_nested():
            codes.send_code(session, _as(point), point=point, purpose=SIGN_IN, limits=settings.limits, text=text)
    except TooManyTries:
        pass  # said to nobody: an answer would tell strangers that the number is a customer's


class _Undone(Exception):
    """Rolls back work that was done for its own sake."""


def _send_nothing(session: Session, settings: Settings, number: str, text: str) -> None:
    """The same work for a stranger's number, undone: an answer that came sooner would tell who is a customer.

    What stays is the count of the number alone, since a customer's requests beyond the limit are answered sooner, too.
    """
    with suppress(TooManyTries, IntegrityError):  # the latter: the stranger wrote to us at this very moment
        with suppress(_Undone), session.begin_nested():
            point = find(session, "sms", number) or ContactPoint(channel="sms", address=number)
            session.add(point)
            session.flush()
            codes.send_code(session, SYSTEM, point=point, purpose=SIGN_IN, limits=settings.limits, text=text)
            session.flush()
            raise _Undone
        counters.count(session, codes.PER_NUMBER, number, window=codes.HOUR)


def verify_code(settings: Settings, *, phone: str, code: str, device: Device, ip: str) -> Pair:
    """Sign a customer in with a code; raises CodeWrong or CodeLocked alike for known and unknown numbers.

    CodeLocked counts the caller's tries alone. That a code has had its five wrong ones is not said: only a customer's
    number can have a code, so the answer would tell who is one.
    """
    try:
        number = e164(phone, settings.default_region)
    except AddressInvalid:
        raise CodeWrong() from None
    with transaction() as session:
        tries = counters.count(session, "otp-verify", f"{number}|{ip}", window=codes.LOCK)
    if tries > codes.TRIES_PER_LOCK:
        raise CodeLocked(retry_after_s=counters.seconds_left(codes.LOCK))
    pair = perform(lambda session: _verify(session, settings, number, code, device))
    if pair is None:
        raise CodeWrong()
    return pair


def _verify(session: Session, settings: Settings, number: str, code: str, device: Device) -> Pair | None:
    point = _customers(session, number)
    if point is None or point.contact_id is None:
        return None
    actor = _as(point)
    verdict = codes.check_code(session, actor, point=point, purpose=SIGN_IN, code=code, limits=settings.limits)
    if verdict is not Verdict.RIGHT:
        return None
    point.verified_at = clock.now()
    contact = survivor_of(session, point.contact_id)
    return sessions.open_session(session, settings, actor, device=device, user=None, contact_id=contact.id)


def refreshed(settings: Settings, *, refresh_token: str) -> Pair:
    """A new pair; raises RefreshInvalid, also when a used token came again, which ended its session."""
    pair = perform(lambda session: sessions.refresh(session, settings, refresh_token=refresh_token))
    if pair is None:
        raise RefreshInvalid()
    return pair


def authenticate(settings: Settings, token: str) -> Actor:
    """Who a bearer token stands for now: the session must still be open and the user active; raises TokenInvalid."""
    if token.startswith(integrations.MARK):
        return integrations.authenticate(token)
    claims = tokens.read(token, issuer=settings.public_url)
    with looking() as connection:
        row = _HOLDER.first(connection, {"sid": claims.session_id, "now": clock.now()})
        if row is None or claims.subject != (row.user_id or row.contact_id):
            raise TokenInvalid()
        if row.contact_id is not None:
            return _customer(row.person_id, claims.session_id, row.device_id, row.verified_at)
        if not row.is_active:
            raise TokenInvalid()
        role = Role(row.role)
        granted = _GRANTED.all(connection, {"user": row.user_id}) if role is Role.REP else ()
        return Actor(
            role=role,
            channel=Channel.API,
            id=row.user_id,
            scope=SCOPES[role],
            territory_ids=frozenset(territory_id for (territory_id,) in granted),
            session_id=claims.session_id,
            device_id=row.device_id,
        )


def _customer(contact_id: UUID, session_id: UUID, device_id: str, verified_at: datetime | None) -> Actor:
    return Actor(
        role=Role.CUSTOMER,
        channel=Channel.APP,
        id=contact_id,
        contact_id=contact_id,
        scope=Scope.OWN,
        level=3 if verified_at and clock.now() - verified_at < FRESH else 2,
        session_id=session_id,
        device_id=device_id,
    )


def _customers(session: Session, number: str) -> ContactPoint | None:
    point = find(session, "sms", number)
    return point if point and point.contact_id and point.state == PointState.ACTIVE else None


def _as(point: ContactPoint) -> Actor:
    if point.contact_id is None:
        return SYSTEM
    return Actor(role=Role.CUSTOMER, channel=Channel.APP, id=point.contact_id, contact_id=point.contact_id)


_signed_in, _users, _grants = SignIn.__table__.c, User.__table__.c, ScopeGrant.__table__.c
_contacts = Contact.__table__.c
_HOLDER = Prepared(  # every request runs it
    select(
        _signed_in.user_id,
        _signed_in.contact_id,
        func.coalesce(_contacts.group_id, _contacts.id).label("person_id"),  # merged since: the one that survives
        _signed_in.device_id,
        _signed_in.verified_at,
        _users.role,
        _users.is_active,
    )
    .outerjoin_from(SignIn.__table__, User.__table__, _users.id == _signed_in.user_id)
    .outerjoin(Contact.__table__, _contacts.id == _signed_in.contact_id)
    .where(_signed_in.id == bindparam("sid"), _signed_in.revoked_at.is_(None), _signed_in.expires_at > bindparam("now"))
)
_GRANTED = Prepared(
    select(_grants.territory_id).where(_grants.user_id == bindparam("user"), _grants.revoked_at.is_(None))
)
