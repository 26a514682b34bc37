"""Waking devices: one silent push to each whose territories or own rows were touched, never to the one that wrote.

Nor to one that was signed out. A hint only: phones also sync when they are opened and by the clock. The engine turns
every few seconds, so that a busy hour is one push in each; they all bear one collapse key, so that a phone that was off
gets one.
"""

from collections import defaultdict
from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access.models import SignIn, User
from mcrm.actors import SYSTEM
from mcrm.contacts.models import PointChannel
from mcrm.deliveries import outbox
from mcrm.deliveries.models import Priority
from mcrm.interactions import log
from mcrm.interactions.models import Change
from mcrm.sync.models import Floor, SyncDevice
from mcrm.sync.tables import TABLES
from mcrm.territories.models import ScopeGrant

EVERY_S = 10.0
KIND = "sync"
LIFETIME = timedelta(hours=1)
Origins = set[UUID | None]


def step(session: Session) -> bool:
    """Wake whom the changes since the last turn concern; whether there was anybody."""
    floor = session.get(Floor, 1) or Floor(id=1, floor=0, tickled=0)
    begun, head = floor.tickled, log.head(session)[1]
    if head == begun:
        return False
    touched: dict[UUID, Origins] = defaultdict(set)
    if begun:  # an installation that never woke anybody does not begin with its whole past
        for query in (_TOUCHED, *_OWN):
            for place, origin in session.execute(query, {"since": begun, "top": head}):
                touched[place].add(origin)
    woken = _wake(session, touched)
    if touched or not begun:
        floor.tickled = head
        session.add(floor)
    return woken > 0


def _wake(session: Session, touched: dict[UUID, Origins]) -> int:
    if not touched:
        return 0
    concerned: dict[UUID, Origins] = defaultdict(set)
    devices: dict[UUID, Any] = {}
    for query in (_CONCERNED, _OWNERS):
        for row in session.execute(query, {"places": list(touched), "now": clock.now()}):
            devices[row.id] = row
            concerned[row.id] |= touched[row.place]
    writers = _devices_of(session, {origin for origins in touched.values() for origin in origins if origin})
    woken = 0
    for id_, origins in concerned.items():
        device = devices[id_]
        own = {origin for origin in origins if origin and writers.get(origin) == (device.user_id, device.device_id)}
        if origins - own:
            _queue(session, device.contact_point_id)
            woken += 1
    return woken


def _queue(session: Session, contact_point_id: UUID) -> None:
    outbox.queue(
        session,
        SYSTEM,
        channel=PointChannel.PUSH.value,
        contact_point_id=contact_point_id,
        text="",
        kind=KIND,
        priority=Priority.BULK,
        collapse_key=KIND,
        data={"type": KIND},
        expires_at=clock.now() + LIFETIME,
    )


def _devices_of(session: Session, sign_ins: Iterable[UUID]) -> dict[UUID, tuple[UUID | None, str]]:
    query = select(SignIn.id, SignIn.user_id, SignIn.device_id).where(SignIn.id.in_(list(sign_ins)))
    return {row.id: (row.user_id, row.device_id) for row in session.execute(query)}


_TOUCHED = (
    select(Change.territory_id, Change.origin)
    .where(
        Change.position > bindparam("since"),
        Change.position <= bindparam("top"),
        Change.territory_id.is_not(None),
        Change.table_name.in_([*TABLES, ScopeGrant.__tablename__]),
    )
    .distinct()
)
_OWN = [
    select(table.owner, Change.origin)
    .join(table.table, Change.row_id == table.table.c.id)
    .where(
        Change.position > bindparam("since"),
        Change.position <= bindparam("top"),
        Change.table_name == table.name,
    )
    .distinct()
    for table in TABLES.values()
    if table.owner is not None
]
"""Rows that lie in no territory, but are one user's."""
_signed_in = (
    select(SignIn.id)
    .join(User, User.id == SignIn.user_id)
    .where(
        SignIn.user_id == SyncDevice.user_id,
        SignIn.device_id == SyncDevice.device_id,
        SignIn.revoked_at.is_(None),
        SignIn.expires_at > bindparam("now"),
        User.is_active,
    )
)
_device = select(SyncDevice.id, SyncDevice.user_id, SyncDevice.device_id, SyncDevice.contact_point_id).where(
    SyncDevice.contact_point_id.is_not(None), _signed_in.exists()
)
_CONCERNED = (
    _device.add_columns(ScopeGrant.territory_id.label("place"))
    .join(ScopeGrant, ScopeGrant.user_id == SyncDevice.user_id)
    .where(ScopeGrant.revoked_at.is_(None), ScopeGrant.territory_id.in_(bindparam("places", expanding=True)))
)
_OWNERS = _device.add_columns(SyncDevice.user_id.label("place")).where(
    SyncDevice.user_id.in_(bindparam("places", expanding=True))
)
