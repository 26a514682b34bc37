"""What customers are told about their orders, each piece of news once, on the first channel that reaches them."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.contacts.models import Contact
from mcrm.deliveries import outbox
from mcrm.orders import phrases, wordings
from mcrm.orders.models import Order, Shipment
from mcrm.templates import catalogue
from mcrm.templates.catalogue import Message

DAY_S = 24 * 3600


def on_its_way(session: Session, actor: Actor, order: Order, shipment: Shipment, *, is_all: bool) -> None:
    """A shipment left; `is_all`: the whole order is in it."""
    locale = session.scalar(select(Contact.locale).where(Contact.id == order.contact_id))
    say = phrases.on_its_way if is_all else phrases.part_on_its_way
    text = say(order.number, shipment.carrier, shipment.expected_on, locale)
    key = f"order.shipped:{order.id}" if is_all else f"shipment.shipped:{shipment.id}"
    message = catalogue.ORDER_SHIPPED if is_all else catalogue.ORDER_PART_SHIPPED
    _tell(session, actor, order, shipment, message, text, event="order.shipped", dedupe_key=key)


def out_for_delivery(session: Session, actor: Actor, order: Order, shipment: Shipment) -> None:
    """The carrier brings it today."""
    _brought(session, actor, order, shipment, catalogue.OUT_FOR_DELIVERY, phrases.OUT_FOR_DELIVERY)


def delivered(session: Session, actor: Actor, order: Order, shipment: Shipment) -> None:
    """The carrier brought it."""
    _brought(session, actor, order, shipment, catalogue.DELIVERED, phrases.DELIVERED)


def _brought(session: Session, actor: Actor, order: Order, shipment: Shipment, message: Message, words: str) -> None:
    text, key = words.format(number=order.number), f"{message.key}:{shipment.id}"
    _tell(session, actor, order, shipment, message, text, event=message.key, dedupe_key=key)


def _tell(
    session: Session,
    actor: Actor,
    order: Order,
    shipment: Shipment,
    message: Message,
    text: str,
    *,
    event: str,
    dedupe_key: str,
) -> None:
    """Say it once: in the words that the business wrote for the message, else as `text`."""
    outbox.tell(
        session,
        actor,
        contact_id=order.contact_id,
        text=text,
        title=message.subject,
        kind=event,
        dedupe_key=dedupe_key,
        data={"event": event, "id": str(order.id)},
        collapse_key=f"order-{order.number}",
        ttl_s=DAY_S,
        wordings=wordings.own(session, message, order, shipment),
    )
