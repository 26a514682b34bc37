"""Access tokens: JWTs (RFC 9068 type `at+jwt`) of one algorithm, signed with a key of their own, 15 minutes at most."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from uuid import UUID

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from mcrm import clock, keys
from mcrm.access.errors import TokenInvalid
from mcrm.ids import new_id

ALGORITHM = "HS256"
TYPE = "at+jwt"
AUDIENCE = "mcrm"
LONGEST_TOKEN = 2048


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token says: whose it is (`subject`), in which role, and from which session."""

    subject: UUID
    role: str
    session_id: UUID


def issue(claims: Claims, *, issuer: str, lifetime: timedelta) -> str:
    """A signed access token for these claims."""
    now = int(clock.now().timestamp())
    body = {
        "iss": issuer,
        "aud": AUDIENCE,
        "sub": str(claims.subject),
        "iat": now,
        "nbf": now,
        "exp": now + int(lifetime.total_seconds()),
        "jti": str(new_id()),
        "sid": str(claims.session_id),
        "role": claims.role,
    }
    return jwt.encode({"alg": ALGORITHM, "typ": TYPE}, body, _key(keys.derived("access-token")))


def read(token: str, *, issuer: str) -> Claims:
    """The claims of a token whose signature, type, issuer, audience and times all hold; raises TokenInvalid."""
    if len(token) > LONGEST_TOKEN:
        raise TokenInvalid()
    try:
        proved = _proved(token, issuer, keys.derived("access-token"))
    except (JoseError, KeyError, ValueError, TypeError, AttributeError):
        raise TokenInvalid() from None
    now = clock.now().timestamp()
    if not (proved.not_before <= now < proved.expires) or proved.issued > now + 1:
        raise TokenInvalid()
    return proved.claims


@dataclass(frozen=True, slots=True)
class _Proved:
    """What stays true of a token whatever the time: its claims, and the times (seconds) it names."""

    claims: Claims
    issued: float
    not_before: float
    expires: float


@lru_cache(maxsize=2048)
def _proved(token: str, issuer: str, key: bytes) -> _Proved:
    """The same token comes with every request of its quarter of an hour; a refusal is not remembered.

    Whether its time has come or passed, and whether its session is still open, is asked each time by the callers.
    """
    decoded = jwt.decode(token, _key(key), algorithms=[ALGORITHM])
    claims = decoded.claims
    if decoded.header.get("typ") != TYPE or set(decoded.header) - {"alg", "typ"}:
        raise TokenInvalid()
    if claims["iss"] != issuer or claims["aud"] != AUDIENCE:
        raise TokenInvalid()
    who = Claims(subject=UUID(claims["sub"]), role=str(claims["role"]), session_id=UUID(claims["sid"]))
    return _Proved(who, float(claims["iat"]), float(claims["nbf"]), float(claims["exp"]))


def expires_at(token: str) -> datetime:
    """When a token that was read and found good ends."""
    claims = jwt.decode(token, _key(keys.derived("access-token")), algorithms=[ALGORITHM]).claims
    return datetime.fromtimestamp(claims["exp"], UTC)


@lru_cache(maxsize=4)
def _key(raw: bytes) -> OctKey:
    return OctKey.import_key(raw)
