"""A human's view of the outbox: what became of a message, and the word on what no machine can settle."""

from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.audit import trail
from mcrm.contacts.models import Contact
from mcrm.contacts.service import contacts_of
from mcrm.deliveries import ending
from mcrm.deliveries.errors import DeliveryUnknown, NothingToDecide, SecretIsGone
from mcrm.deliveries.models import Delivery, DeliveryState
from mcrm.deliveries.outbox import LIFETIME
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind

UNSETTLED = frozenset({DeliveryState.FAILED, DeliveryState.UNKNOWN})
RETRIED, ABANDONED = "retried", "abandoned"


def deliveries_of(actor: Actor) -> Select[Delivery]:
    """The deliveries to the contacts within the actor's reach; those to nobody known only for who sees everything."""
    query = select(Delivery)
    if actor.sees_all:
        return query
    return query.where(Delivery.contact_id.in_(contacts_of(actor).with_only_columns(Contact.id)))


def reachable(session: Session, actor: Actor, delivery_id: UUID, *, lock: bool = False) -> Delivery:
    """The delivery; raises DeliveryUnknown for unknown and foreign ids alike."""
    query = deliveries_of(actor).where(Delivery.id == delivery_id)
    if lock:
        query = query.with_for_update(of=Delivery).execution_options(populate_existing=True)
    if (delivery := session.scalar(query)) is None:
        raise DeliveryUnknown()
    return delivery


def retry(session: Session, actor: Actor, delivery_id: UUID) -> Delivery:
    """Send once more what failed or is in doubt, now and with all tries before it; what expired gets another day.

    Raises DeliveryUnknown, NothingToDecide, SecretIsGone.
    """
    delivery, now = _unsettled(session, actor, delivery_id), clock.now()
    if not delivery.text and delivery.content.get("secret"):
        raise SecretIsGone()
    delivery.tries = 0
    if delivery.expires_at is not None and delivery.expires_at <= now:
        delivery.expires_at = now + LIFETIME
    ending.note(delivery, RETRIED, now)
    ending.requeue(session, delivery, at=now, reason=RETRIED)
    _trace(session, actor, Kind.DELIVERY_RETRIED, delivery)
    return delivery


def abandon(session: Session, actor: Actor, delivery_id: UUID) -> Delivery:
    """Give up what failed or is in doubt; no other way is tried. Raises DeliveryUnknown, NothingToDecide."""
    delivery, now = _unsettled(session, actor, delivery_id), clock.now()
    ending.end(delivery, DeliveryState.FAILED, ABANDONED, now)
    ending.note(delivery, ABANDONED, now)
    ending.blank_secret(delivery)
    _trace(session, actor, Kind.DELIVERY_ABANDONED, delivery)
    return delivery


def _unsettled(session: Session, actor: Actor, delivery_id: UUID) -> Delivery:
    delivery = reachable(session, actor, delivery_id, lock=True)
    if delivery.state not in UNSETTLED or delivery.reason == ABANDONED or delivery.contact_point_id is None:
        raise NothingToDecide()
    return delivery


def _trace(session: Session, actor: Actor, kind: Kind, delivery: Delivery) -> None:
    about = log.About(
        contact_id=delivery.contact_id,
        contact_point_id=delivery.contact_point_id,
        subject=("delivery", delivery.id),
    )
    payload = {"kind": delivery.kind, "channel": delivery.channel}
    subject = ("delivery", delivery.id)
    trail.record(session, actor, kind, subject=subject, fields=["state"], about=about, payload=payload)
