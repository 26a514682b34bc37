"""What the app says of a push, or of an answer in its chat: that it came, that it was read. Nobody else can tell."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor, Channel
from mcrm.contacts import points
from mcrm.deliveries import ending
from mcrm.deliveries.errors import DeliveryUnknown
from mcrm.deliveries.models import Delivery, DeliveryState, Receipt
from mcrm.deliveries.service import reachable
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind


class Reported(StrEnum):
    """What an app can know of a push, by the `delivery_id` in its data, and of what stands in its chat, by its id."""

    DELIVERED = "delivered"
    READ = "read"


REPORTED = (Channel.PUSH, Channel.APP)
SHOWN = "shown-in-the-app"
RANKS = {Reported.DELIVERED: 4, Reported.READ: 5}  # as for texts: read is further than delivered, and nothing goes back


def report(session: Session, actor: Actor, delivery_id: UUID, *, state: Reported) -> Delivery:
    """Take the word of the contact whose it is; once, and only forward. To read it is the contact's own act.

    What had failed for good, or was withheld, stays so. News of an answer in the chat are called off when that answer
    has come. Raises DeliveryUnknown, also for what went neither by push nor to the chat.
    """
    delivery, now = reachable(session, actor, delivery_id, lock=True), clock.now()
    if delivery.channel not in REPORTED:
        raise DeliveryUnknown()
    if delivery.channel == Channel.APP:
        _call_off(session, delivery, now)
    if not _is_open(delivery) or RANKS[state] <= delivery.provider_rank:
        return delivery
    session.add(Receipt(delivery_id=delivery.id, provider_id=delivery.provider_id, status=state.value))
    delivery.provider_rank = RANKS[state]
    delivery.accepted_at = delivery.accepted_at or now
    ending.end(delivery, DeliveryState(state), None, now)
    ending.blank_secret(delivery)
    if state is Reported.READ:
        _log_read(session, actor, delivery)
    return delivery


def news_key(delivery_id: UUID, contact_point_id: UUID) -> str:
    """The dedupe key of the push that tells one installation of an answer in the chat."""
    return f"news:{delivery_id}:{contact_point_id}"


def _is_open(delivery: Delivery) -> bool:
    """In the chat a message is there as soon as it stands in the outbox."""
    at_once = delivery.channel == Channel.APP and delivery.state == DeliveryState.QUEUED
    return at_once or ending.is_open(delivery)


def _call_off(session: Session, delivery: Delivery, now: datetime) -> None:
    if delivery.contact_id is None:
        return
    devices = points.reachable(session, delivery.contact_id, Channel.PUSH)
    keys = [news_key(delivery.id, point.id) for point in devices]
    waiting = select(Delivery).where(Delivery.dedupe_key.in_(keys), Delivery.state == DeliveryState.QUEUED.value)
    for news in session.scalars(waiting.with_for_update().execution_options(populate_existing=True)):
        ending.end(news, DeliveryState.SUPPRESSED, SHOWN, now)


def _log_read(session: Session, actor: Actor, delivery: Delivery) -> None:
    about = log.About(
        contact_id=delivery.contact_id,
        contact_point_id=delivery.contact_point_id,
        subject=("delivery", delivery.id),
    )
    payload = {"kind": delivery.kind}
    log.append(
        session, actor, Kind.DELIVERY_READ, about=about, payload=payload, direction="in", channel=delivery.channel
    )
