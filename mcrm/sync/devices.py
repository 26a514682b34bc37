"""The devices that sync: since when, and where to wake them."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.contacts import points
from mcrm.contacts.models import ContactPoint, PointChannel, PointState
from mcrm.ids import new_id
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.sync.models import SyncDevice
from mcrm.transaction import insert_once

PAUSE = timedelta(minutes=10)  # who is not heard of for longer had no network, for all that we know


def begin(session: Session, actor: Actor, position: int) -> None:
    """Note that the actor's device begins a first sync: what was granted up to now is no news for it."""
    device = device_of(session, actor, actor.device_id or "")
    device.started, device.heard_at, device.silent_since = position, clock.now(), None


def write_first(session: Session, actor: Actor) -> None:
    """Note that the actor's device pushes without having pulled."""
    device_of(session, actor, actor.device_id or "").wrote_first = True


def has_written_first(connection: Connection, actor: Actor) -> bool:
    """Whether the actor's device pushed before it ever pulled."""
    return bool(connection.scalar(_WROTE_FIRST, {"user": actor.id, "device": actor.device_id or ""}))


def is_back(connection: Connection, actor: Actor) -> bool:
    """Whether the actor's device has not been heard of for longer than a pause: `hear` has something to note."""
    found = connection.execute(_HEARD, {"user": actor.id, "device": actor.device_id or ""}).first()
    return found is not None and (found[0] is None or clock.now() - found[0] > PAUSE)


def hear(session: Session, actor: Actor) -> datetime | None:
    """Note that the actor's device is in touch; when it had been, before its last silence: until then it was offline.

    None for a device that has never pulled. Exact to a pause: who is in touch all day is not written down each time.
    """
    query = select(SyncDevice).filter_by(user_id=actor.id, device_id=actor.device_id or "")
    if (device := session.scalar(query)) is None:
        return None
    now = clock.now()
    if device.heard_at is None or now - device.heard_at > PAUSE:
        device.silent_since, device.heard_at = device.heard_at, now
    return device.silent_since or device.heard_at


def started(connection: Connection, actor: Actor) -> int:
    """The position at which the actor's device began its first sync; 0 where nobody noted it."""
    return connection.scalar(_STARTED, {"user": actor.id, "device": actor.device_id or ""}) or 0


def register(
    session: Session, actor: Actor, *, device_id: str, kind: str, value: str, platform: str, locale: str | None = None
) -> ContactPoint:
    """Let this installation of a user's be woken when there is something new; apps call it at every start.

    An address that was a customer's, or another user's, on this phone is given up there: it changed hands.
    """
    point = points.find(session, PointChannel.PUSH, value)
    if point is not None and point.contact_id is not None:
        points.remove(session, actor, point=point)
    if point is None:
        point = ContactPoint(channel=PointChannel.PUSH.value, address=value)
        session.add(point)
    point.kind, point.platform, point.device_id, point.locale = kind, platform, device_id, locale
    point.state, point.last_seen_at = PointState.ACTIVE.value, clock.now()
    session.flush()
    for other in session.scalars(select(SyncDevice).where(SyncDevice.contact_point_id == point.id)):
        other.contact_point_id = None
    device = device_of(session, actor, device_id)
    device.contact_point_id = point.id
    about = log.About(contact_point_id=point.id, subject=("sync-device", device.id))
    log.append(session, actor, Kind.PUSH_REGISTERED, about=about, payload={"platform": platform})
    return point


def forget(session: Session, actor: Actor, *, device_id: str) -> None:
    """Wake this installation no more; one that is not registered is none, too."""
    query = select(SyncDevice).where(SyncDevice.user_id == actor.id, SyncDevice.device_id == device_id)
    device = session.scalar(query)
    if device is not None and device.contact_point_id is not None:
        point = session.get_one(ContactPoint, device.contact_point_id)
        points.remove(session, actor, point=point)
        device.contact_point_id = None


def device_of(session: Session, actor: Actor, device_id: str) -> SyncDevice:
    """A device of the actor's, noted now if it was not before."""
    named = {"user_id": actor.id, "device_id": device_id}
    row = {**named, "id": new_id(), "created_at": clock.now(), "started": 0}
    insert_once(session, SyncDevice, row, unique=["user_id", "device_id"])
    return session.scalars(select(SyncDevice).filter_by(**named)).one()


_devices = SyncDevice.__table__.c
_HEARD = select(_devices.heard_at).where(
    _devices.user_id == bindparam("user"), _devices.device_id == bindparam("device")
)
_WROTE_FIRST = select(_devices.wrote_first).where(
    _devices.user_id == bindparam("user"), _devices.device_id == bindparam("device")
)
_STARTED = select(_devices.started).where(
    _devices.user_id == bindparam("user"), _devices.device_id == bindparam("device")
)
