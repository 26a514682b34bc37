"""The installations of the app that pushes go to."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.contacts import points
from mcrm.contacts.models import Contact, ContactPoint, PointChannel, PointState
from mcrm.contacts.people import is_person, same_person


def register(
    session: Session,
    actor: Actor,
    *,
    contact: Contact,
    device_id: str,
    kind: str,
    value: str,
    platform: str,
    locale: str | None = None,
) -> ContactPoint:
    """Let pushes for this contact go to this installation; apps call it at every start.

    `kind` is `fid` or `token`. What the device had before is given up; an address that another contact used on this
    device (a phone that changed hands, or a second sign-in) moves, since pushes must never reach the former owner.
    """
    for old in _installed(session, contact.id, device_id):
        if old.address != value:
            points.remove(session, actor, point=old)
    point = points.find(session, PointChannel.PUSH, value)
    if point is not None and point.contact_id is not None and not same_person(session, point.contact_id, contact.id):
        points.remove(session, actor, point=point)
    point = points.add(
        session,
        actor,
        contact=contact,
        channel=PointChannel.PUSH,
        address=value,
        verified_at=clock.now(),  # whoever signed in on this device holds it
        kind=kind,
        platform=platform,
        device_id=device_id,
        locale=locale,
    )
    point.kind, point.platform, point.device_id = kind, platform, device_id
    point.locale = locale or point.locale
    point.last_seen_at = clock.now()
    session.flush()
    return point


def forget(session: Session, actor: Actor, *, contact: Contact, device_id: str) -> None:
    """No more pushes to this installation; one that is not registered is none, too."""
    for point in _installed(session, contact.id, device_id):
        points.remove(session, actor, point=point)


def _installed(session: Session, contact_id: UUID, device_id: str) -> list[ContactPoint]:
    """Where pushes for this contact go on this device."""
    query = select(ContactPoint).where(
        is_person(ContactPoint.contact_id, contact_id),
        ContactPoint.channel == PointChannel.PUSH.value,
        ContactPoint.device_id == device_id,
        ContactPoint.state != PointState.REMOVED.value,
    )
    return list(session.scalars(query))
