"""What customers are told about their orders, each piece of news once, on the first channel that reaches them."""

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.contacts.models import Contact
from mcrm.deliveries import outbox
from mcrm.orders import phrases, wordings
from mcrm.orders.models import Order, Shipment

DAY_S = 24 * 3600


def on_its_way(session: Session, actor: Actor, order: Order, shipment: Shipment, *, is_all: bool) -> None:
    """A shipment left; `is_all`: the whole order is in it."""
    locale = session.scalar(select(Contact.locale).where(Contact.id == order.contact_id))
    say = phrases.on_its_way if is_all else phrases.part_on_its_way
    text = say(order.number, shipment.carrier, shipment.expected_on, locale)
    key = f"order.shipped:{order.id}" if is_all else f"shipment.shipped:{shipment.id}"
    options = {"wordings": wordings.shipped(session, order, shipment)} if is_all else {}
    _tell(session, actor, order, text=text, title=phrases.TITLE, event="order.shipped", dedupe_key=key, **options)


def out_for_delivery(session: Session, actor: Actor, order: Order, shipment: Shipment) -> None:
    """The carrier brings it today."""
    text, title = phrases.OUT_FOR_DELIVERY.format(number=order.number), phrases.OUT_FOR_DELIVERY_TITLE
    event = "shipment.out-for-delivery"
    _tell(session, actor, order, text=text, title=title, event=event, dedupe_key=f"{event}:{shipment.id}")


def delivered(session: Session, actor: Actor, order: Order, shipment: Shipment) -> None:
    """The carrier brought it."""
    text, title = phrases.DELIVERED.format(number=order.number), phrases.DELIVERED_TITLE
    event = "shipment.delivered"
    _tell(session, actor, order, text=text, title=title, event=event, dedupe_key=f"{event}:{shipment.id}")


def _tell(
    session: Session,
    actor: Actor,
    order: Order,
    *,
    text: str,
    title: str,
    event: str,
    dedupe_key: str,
    **options: Any,
) -> None:
    outbox.tell(
        session,
        actor,
        contact_id=order.contact_id,
        text=text,
        title=title,
        kind=event,
        dedupe_key=dedupe_key,
        data={"event": event, "id": str(order.id)},
        collapse_key=f"order-{order.number}",
        ttl_s=DAY_S,
        **options,
    )
