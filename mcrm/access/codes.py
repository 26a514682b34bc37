"""One-time codes: six digits to an address on file, five tries, five minutes, used once.

Wrong tries are counted before they are judged and survive, which is why `check_code` answers instead of raising:
an error would roll the count back. A cap over all codes of an address holds however often a new one is asked for.
"""

from datetime import timedelta
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from mcrm import clock, keys
from mcrm.access import counters
from mcrm.access.errors import TooManyTries
from mcrm.access.models import OtpChallenge
from mcrm.actors import Actor
from mcrm.config import Limits
from mcrm.contacts.models import ContactPoint
from mcrm.contacts.points import about
from mcrm.deliveries import outbox
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
LOCK = timedelta(minutes=15)
TRIES_PER_LOCK = 10
PER_NUMBER = "otp-number"


class Verdict(StrEnum):
    """What came of a code."""

    RIGHT = "right"
    WRONG = "wrong"
    EXPIRED = "expired"
    LOCKED = "locked"


def send_code(
    session: Session,
    actor: Actor,
    *,
    point: ContactPoint,
    purpose: str,
    limits: Limits,
    text: str,
    ip: str | None = None,
) -> OtpChallenge:
    """Queue a fresh code to an address on file; an earlier one for the same purpose dies.

    `text` holds `{code}`. Raises TooManyTries beyond the limits per number, per run of neighbouring numbers and
    per day: an open form that sends texts is an open wallet.
    """
    spend(session, point, limits)
    now = clock.now()
    session.execute(
        update(OtpChallenge)
        .where(OtpChallenge.contact_point_id == point.id, OtpChallenge.purpose == purpose)
        .where(OtpChallenge.used_at.is_(None))
        .values(used_at=now)
    )
    code = keys.new_code()
    lifetime = timedelta(seconds=limits.otp_seconds)
    challenge = OtpChallenge(
        contact_point_id=point.id, purpose=purpose, code_digest=_digest(point, purpose, code), expires_at=now + lifetime
    )
    session.add(challenge)
    session.flush()
    outbox.queue(
        session,
        actor,
        channel=point.channel,
        contact_point_id=point.id,
        contact_id=point.contact_id,
        text=text.format(code=code),
        kind="code",
        ttl_s=limits.otp_seconds,
        expires_at=challenge.expires_at,
        secret=True,
    )
    log.append(session, actor, Kind.CODE_REQUESTED, about=about(point), payload={"purpose": purpose})
    return challenge


def check_code(
    session: Session, actor: Actor, *, point: ContactPoint, purpose: str, code: str, limits: Limits
) -> Verdict:
    """Judge a code once; a right one is used up. Never raises for a wrong one: the count must be committed."""
    if counters.counted(session, "code-tries", str(point.id), window=LOCK) >= TRIES_PER_LOCK:
        return Verdict.LOCKED
    challenge = session.scalar(
        select(OtpChallenge)
        .where(OtpChallenge.contact_point_id == point.id, OtpChallenge.purpose == purpose)
        .order_by(OtpChallenge.created_at.desc(), OtpChallenge.id.desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    if challenge is None or challenge.used_at is not None or challenge.expires_at <= clock.now():
        return Verdict.EXPIRED  # not counted: there is nothing to guess, and a count would let anybody lock others out
    if not _may_try(session, challenge, limits):
        return Verdict.LOCKED
    if keys.same(challenge.code_digest, _digest(point, purpose, code)) and _used(session, challenge):
        return Verdict.RIGHT
    tries = counters.count(session, "code-tries", str(point.id), window=LOCK)
    locked = challenge.tries >= limits.otp_tries or tries >= TRIES_PER_LOCK
    kind = Kind.CODE_LOCKED if locked else Kind.CODE_REFUSED
    log.append(session, actor, kind, about=about(point), payload={"purpose": purpose})
    return Verdict.LOCKED if locked else Verdict.WRONG


def _may_try(session: Session, challenge: OtpChallenge, limits: Limits) -> bool:
    counted = (
        update(OtpChallenge)
        .where(OtpChallenge.id == challenge.id, OtpChallenge.tries < limits.otp_tries)
        .values(tries=OtpChallenge.tries + 1)
        .returning(OtpChallenge.tries)
        .execution_options(synchronize_session=False)
    )
    tries = session.scalar(counted)
    session.refresh(challenge)
    return tries is not None


def _used(session: Session, challenge: OtpChallenge) -> bool:
    """Whether this is the first use: of two at the same instant only one finds it unused."""
    used = (
        update(OtpChallenge)
        .where(OtpChallenge.id == challenge.id, OtpChallenge.used_at.is_(None))
        .values(used_at=clock.now())
        .returning(OtpChallenge.id)
        .execution_options(synchronize_session=False)
    )
    return session.scalar(used) is not None


def _digest(point: ContactPoint, purpose: str, code: str) -> str:
    digits = "".join(character for character in code if character.isdigit())
    return keys.digest("one-time-code", f"{point.id}:{purpose}:{digits}")


def spend(session: Session, point: ContactPoint, limits: Limits) -> None:
    """Count one code to an address; raises TooManyTries beyond the limits of `send_code`."""
    budgets = [
        (PER_NUMBER, point.address, HOUR, limits.otp_per_hour),
        ("otp-prefix", point.address[:-3], HOUR, limits.otp_per_prefix_hour),
        ("otp-day", "all", DAY, limits.otp_per_day),
    ]
    for name, key, window, limit in budgets:
        if counters.count(session, name, key, window=window) > limit:
            raise TooManyTries(retry_after_s=counters.seconds_left(window))
