"""What the app says of a push: that it came, that it was opened. Firebase itself never tells."""

from enum import StrEnum
from uuid import UUID

from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor, Channel
from mcrm.deliveries import ending
from mcrm.deliveries.errors import DeliveryUnknown
from mcrm.deliveries.models import Delivery, DeliveryState, Receipt
from mcrm.deliveries.service import reachable
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind


class Reported(StrEnum):
    """What an app can know of a push, by the `delivery_id` in its data."""

    DELIVERED = "delivered"
    READ = "read"


RANKS = {Reported.DELIVERED: 4, Reported.READ: 5}  # as for texts: read is further than delivered, and nothing goes back


def report(session: Session, actor: Actor, delivery_id: UUID, *, state: Reported) -> Delivery:
    """Take the word of the contact whose push it is; once, and only forward. To read it is the contact's own act.

    What had failed for good, or was withheld, stays so. Raises DeliveryUnknown, also for what is no push.
    """
    delivery, now = reachable(session, actor, delivery_id, lock=True), clock.now()
    if delivery.channel != Channel.PUSH:
        raise DeliveryUnknown()
    if not ending.is_open(delivery) or RANKS[state] <= delivery.provider_rank:
        return delivery
    session.add(Receipt(delivery_id=delivery.id, provider_id=delivery.provider_id, status=state.value))
    delivery.provider_rank = RANKS[state]
    delivery.accepted_at = delivery.accepted_at or now
    ending.end(delivery, DeliveryState(state), None, now)
    ending.blank_secret(delivery)
    if state is Reported.READ:
        _log_read(session, actor, delivery)
    return delivery


def _log_read(session: Session, actor: Actor, delivery: Delivery) -> None:
    about = log.About(
        contact_id=delivery.contact_id,
        contact_point_id=delivery.contact_point_id,
        subject=("delivery", delivery.id),
    )
    payload = {"kind": delivery.kind}
    log.append(session, actor, Kind.DELIVERY_READ, about=about, payload=payload, direction="in", channel=Channel.PUSH)
