"""The devices that sync: since when, and where to wake them."""

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.ids import new_id
from mcrm.sync.models import SyncDevice
from mcrm.transaction import insert_once


def begin(session: Session, actor: Actor, position: int) -> None:
    """Note that the actor's device begins a first sync: what was granted up to now is no news for it."""
    device_of(session, actor).started = position


def started(connection: Connection, actor: Actor) -> int:
    """The position at which the actor's device began its first sync; 0 where nobody noted it."""
    return connection.scalar(_STARTED, {"user": actor.id, "device": actor.device_id or ""}) or 0


def device_of(session: Session, actor: Actor) -> SyncDevice:
    """The actor's device, noted now if it was not before."""
    named = {"user_id": actor.id, "device_id": actor.device_id or ""}
    row = {**named, "id": new_id(), "created_at": clock.now(), "started": 0}
    insert_once(session, SyncDevice, row, unique=["user_id", "device_id"])
    return session.scalars(select(SyncDevice).filter_by(**named)).one()


_devices = SyncDevice.__table__.c
_STARTED = select(_devices.started).where(
    _devices.user_id == bindparam("user"), _devices.device_id == bindparam("device")
)
