"""The business's own words for an order's news, where it wrote some; the built-in ones stand in phrases.py."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.contacts.models import Contact
from mcrm.deliveries.outbox import Wording
from mcrm.orders import phrases
from mcrm.orders.models import Order, Shipment
from mcrm.templates import service as templates
from mcrm.templates.catalogue import Message, Values


def own(session: Session, message: Message, order: Order, shipment: Shipment) -> dict[str, Wording]:
    """Channel to words for this news of an order."""
    contact = session.get_one(Contact, order.contact_id)
    return templates.wordings(session, message, contact.locale, values_of(order, shipment, contact))


def values_of(order: Order, shipment: Shipment | None, contact: Contact) -> Values:
    """What a template may say of an order that left; before it did (a preview) there is no shipment."""
    expected_on = shipment.expected_on if shipment is not None else order.expected_on
    return {
        "number": order.number,
        "name": contact.name,
        "carrier": shipment.carrier if shipment is not None else None,
        "tracking_number": shipment.tracking_number if shipment is not None else None,
        "expected_on": phrases.day(expected_on, contact.locale) if expected_on is not None else None,
    }


def last_shipment(session: Session, order: Order) -> Shipment | None:
    """The newest shipment of an order, if anything left yet."""
    query = select(Shipment).where(Shipment.order_id == order.id).order_by(Shipment.id.desc()).limit(1)
    return session.scalar(query)
