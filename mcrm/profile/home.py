"""What the app shows when it opens: orders on their way, offers, unread words, preferences; in a few queries."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.consents import preferences
from mcrm.consents.models import Purpose
from mcrm.consents.preferences import OfChannel, Preferences
from mcrm.contacts.models import Contact
from mcrm.conversations import reading
from mcrm.conversations.reading import Standing
from mcrm.offers.models import Offer
from mcrm.offers.service import offers_of
from mcrm.orders import tracking
from mcrm.orders.tracking import TrackedOrder

MOST_ORDERS = 10
MOST_OFFERS = 5


@dataclass(frozen=True, slots=True)
class Home:
    """All of it; `offers_on` are the channels on which offers come, `stopped` those on which nothing does."""

    name: str
    orders: tuple[TrackedOrder, ...]
    offers: tuple[Offer, ...]
    conversation: Standing
    preferences: Preferences

    @property
    def offers_on(self) -> list[str]:
        """Where offers come: wanted, with an address, and not stopped."""
        return [one.channel for one in self.preferences.channels if _hears_offers(one)]

    @property
    def stopped(self) -> list[str]:
        """Where a STOP holds."""
        return [one.channel for one in self.preferences.channels if one.is_stopped]


def home(session: Session, actor: Actor, contact: Contact) -> Home:
    """What is going on with the person."""
    orders = tracking.orders_of_contact(session, actor, MOST_ORDERS)
    offers = session.scalars(offers_of(actor).order_by(Offer.id.desc()).limit(MOST_OFFERS))
    return Home(
        contact.name,
        tuple(order for order in orders if order.is_open),
        tuple(offers),
        reading.standing(session, actor, contact),
        preferences.preferences_of(session, actor, contact),
    )


def _hears_offers(channel: OfChannel) -> bool:
    wanted = {one.purpose for one in channel.purposes if one.is_wanted}
    return channel.has_address and not channel.is_stopped and Purpose.MARKETING in wanted
