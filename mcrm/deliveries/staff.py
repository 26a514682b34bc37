"""Pushes to people of the staff: to each installation of the app on which they are signed in and may be woken.

They are no contacts, so nothing but the address of the device is judged; without a device nobody is told, and the
row that the message is about says it anyway.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import SYSTEM
from mcrm.contacts.models import ContactPoint, PointChannel, PointState
from mcrm.db import Base
from mcrm.deliveries import outbox

LIFETIME = timedelta(hours=12)


def tell(
    session: Session, user_id: UUID, *, title: str, text: str, kind: str, dedupe_key: str, data: dict[str, str]
) -> int:
    """Queue one push to each of a user's devices; how many were new. The same key again repeats nothing."""
    devices = Base.metadata.tables["sync_devices"]  # by name: what syncs stands below this package
    query = (
        select(ContactPoint.id)
        .join(devices, devices.c.contact_point_id == ContactPoint.id)
        .where(
            devices.c.user_id == user_id,
            ContactPoint.channel == PointChannel.PUSH.value,
            ContactPoint.state == PointState.ACTIVE.value,
        )
        .order_by(ContactPoint.id)
    )
    made = [
        outbox.queue(
            session,
            SYSTEM,
            channel=PointChannel.PUSH.value,
            contact_point_id=point_id,
            text=text,
            title=title,
            kind=kind,
            data=data | {"type": kind},
            collapse_key=dedupe_key,
            dedupe_key=f"{dedupe_key}:{point_id}",
            expires_at=clock.now() + LIFETIME,
        )
        for point_id in session.scalars(query).all()
    ]
    return sum(one is not None for one in made)
