"""Telling a user on every device that can be woken: what became of a push is news for the other devices, too."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import SYSTEM
from mcrm.contacts.models import PointChannel
from mcrm.deliveries import outbox
from mcrm.sync.models import SyncDevice

LIFETIME = timedelta(hours=24)
REFUSED, REFUSED_TITLE = "An order was not taken: {why}", "Order not taken"
PRICE_CHANGED, PRICE_CHANGED_TITLE = "Order {number} costs {now} now; {shown} was shown.", "Price changed"


def tell(session: Session, user_id: UUID, *, event: str, about: UUID, title: str, text: str) -> None:
    """Queue one push to each device of a user; the same event about the same thing goes out once."""
    query = select(SyncDevice.id, SyncDevice.contact_point_id).where(SyncDevice.user_id == user_id)
    for device_id, contact_point_id in session.execute(query):
        if contact_point_id is None:
            continue
        outbox.queue(
            session,
            SYSTEM,
            channel=PointChannel.PUSH.value,
            contact_point_id=contact_point_id,
            title=title,
            text=text,
            kind=event,
            data={"event": event, "id": str(about)},
            dedupe_key=f"{event}:{about}:{device_id}",
            expires_at=clock.now() + LIFETIME,
        )
