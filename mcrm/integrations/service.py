"""Integration keys: what another program signs in with. Shown once, kept as a digest, let into named areas alone.

A key is `mcrm_`, eight characters that stay visible, and 256 random bits. It may do what managers may, in the areas its
scopes name (`orders:read`, `contacts:write`), on all rows or on those of named territories; nothing else is open to it.
"""

import logging
import secrets
import string
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from mcrm import clock, keys
from mcrm.actors import Actor, Channel, Role, Scope
from mcrm.audit import trail
from mcrm.db import looking
from mcrm.editing import edit
from mcrm.integrations.errors import KeyInvalid, KeyNameTaken, KeyRevoked, KeyUnknown
from mcrm.integrations.models import IntegrationKey
from mcrm.interactions.kinds import Kind
from mcrm.territories import service as territories
from mcrm.transaction import transaction

MARK = "mcrm_"
VISIBLE = len(MARK) + 8
ALPHABET = string.ascii_lowercase + string.digits
USE_NOTED_EVERY = timedelta(minutes=1)
log = logging.getLogger(__name__)


def create(
    session: Session,
    actor: Actor,
    *,
    name: str,
    scopes: Sequence[str],
    territory_ids: Sequence[UUID] | None = None,
    expires_at: datetime | None = None,
) -> tuple[IntegrationKey, str]:
    """A key's row, and the key itself, which nobody can read again. `territory_ids` None: all rows are in its reach.

    Raises KeyNameTaken, TerritoryUnknown.
    """
    token = MARK + "".join(secrets.choice(ALPHABET) for _ in range(8)) + "_" + keys.new_token()
    key = IntegrationKey(
        name=name,
        prefix=token[:VISIBLE],
        digest=_digest(token),
        scopes=sorted(set(scopes)),
        territory_ids=_checked(session, actor, territory_ids),
        expires_at=expires_at,
    )
    _store(session, key)
    trail.record(
        session, actor, Kind.INTEGRATION_KEY_CREATED, subject=("integration-key", key.id), fields=["name", "scopes"]
    )
    return key, token


def change(session: Session, actor: Actor, key: IntegrationKey, changes: dict[str, Any]) -> IntegrationKey:
    """Change name, scopes, reach or expiry, from the next request on.

    Raises KeyRevoked, KeyNameTaken, TerritoryUnknown.
    """
    if key.revoked_at is not None:
        raise KeyRevoked()
    if "scopes" in changes:
        changes["scopes"] = sorted(set(changes["scopes"]))
    if "territory_ids" in changes:
        changes["territory_ids"] = _checked(session, actor, changes["territory_ids"])
    if changed := edit(key, changes):
        _store(session, key)
        subject = ("integration-key", key.id)
        trail.record(session, actor, Kind.INTEGRATION_KEY_CHANGED, subject=subject, fields=changed)
    return key


def revoke(session: Session, actor: Actor, key_id: UUID) -> IntegrationKey:
    """End a key at once and for good. Raises KeyUnknown, KeyRevoked."""
    key = get(session, key_id, lock=True)
    if key.revoked_at is not None:
        raise KeyRevoked()
    key.revoked_at = clock.now()
    session.flush()
    trail.record(session, actor, Kind.INTEGRATION_KEY_REVOKED, subject=("integration-key", key.id))
    return key


def get(session: Session, key_id: UUID, *, lock: bool = False) -> IntegrationKey:
    """A key by id; raises KeyUnknown."""
    if (key := session.get(IntegrationKey, key_id, with_for_update=lock or None)) is None:
        raise KeyUnknown()
    return key


def listed(is_active: bool | None = None) -> Select[IntegrationKey]:
    """All keys, or those that are good now, or those that are not."""
    good = IntegrationKey.revoked_at.is_(None) & (
        IntegrationKey.expires_at.is_(None) | (IntegrationKey.expires_at > clock.now())
    )
    found = select(IntegrationKey)
    return found if is_active is None else found.where(good if is_active else ~good)


def authenticate(token: str) -> Actor:
    """Who a key stands for now; raises KeyInvalid for an unknown, revoked or expired one. The use is noted."""
    now = clock.now()
    with looking() as connection:
        row = connection.execute(_BY_PREFIX, {"prefix": token[:VISIBLE]}).first()
    fits = keys.same(_digest(token), row.digest if row is not None else "")
    if row is None or not fits or row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
        raise KeyInvalid()
    if row.last_used_at is None or now - row.last_used_at >= USE_NOTED_EVERY:
        _note_use(row.id, now)
    return _actor(row)


def actor_of(session: Session, key_id: UUID) -> Actor | None:
    """Who a key stands for now, for what it started earlier; None once it is revoked or expired."""
    key = session.get(IntegrationKey, key_id)
    if key is None or key.revoked_at is not None or (key.expires_at is not None and key.expires_at <= clock.now()):
        return None
    return _actor(key)


def _actor(key: Any) -> Actor:
    return Actor(
        role=Role.INTEGRATION,
        channel=Channel.API,
        id=key.id,
        scope=Scope.ALL if key.territory_ids is None else Scope.TERRITORY,
        territory_ids=frozenset(map(UUID, key.territory_ids or ())),
        permits=frozenset(key.scopes),
    )


def _note_use(key_id: UUID, now: datetime) -> None:
    """At most once a minute. Nobody's request fails because this could not be written."""
    try:
        with transaction() as session:
            session.execute(_USED, {"key": key_id, "now": now})
    except DBAPIError as error:
        log.warning("the use of key %s was not noted: %s", key_id, type(error).__name__)


def _checked(session: Session, actor: Actor, territory_ids: Sequence[UUID] | None) -> list[str] | None:
    if territory_ids is None:
        return None
    found = {territories.reachable(session, actor, one, field="territory_ids").id for one in territory_ids}
    return sorted(map(str, found))


def _store(session: Session, key: IntegrationKey) -> None:
    try:
        with session.begin_nested():
            session.add(key)
    except IntegrityError:
        raise KeyNameTaken(field="name") from None


def _digest(token: str) -> str:
    return keys.digest("integration-key", token)


_table: Any = IntegrationKey.__table__
_BY_PREFIX = select(
    *(
        _table.c[name]
        for name in ("id", "digest", "scopes", "territory_ids", "expires_at", "revoked_at", "last_used_at")
    )
).where(_table.c.prefix == bindparam("prefix"))
_USED = (  # neither the revision nor the time of change: nobody edited it
    update(_table)
    .where(_table.c.id == bindparam("key"))
    .values(last_used_at=bindparam("now"), updated_at=_table.c.updated_at)
)
