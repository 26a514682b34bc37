"""Use cases of offers; `offers_of` is the one place that says which offers somebody sees."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor, Role
from mcrm.editing import edit
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.offers.errors import AlreadyAnnounced, OfferCodeTaken, OfferNeverValid, OfferUnknown
from mcrm.offers.models import Announcement, Offer

WORDS = {"title", "body"}


def offers_of(actor: Actor) -> Select[Offer]:
    """The offers somebody sees: staff all of them, customers those that hold now."""
    query = select(Offer)
    if actor.role is not Role.CUSTOMER:
        return query
    now = clock.now()
    begun = or_(Offer.starts_at.is_(None), Offer.starts_at <= now)
    return query.where(begun, or_(Offer.ends_at.is_(None), Offer.ends_at > now))


def reachable(session: Session, actor: Actor, offer_id: UUID) -> Offer:
    """The offer; raises OfferUnknown for an unknown one and for one that the actor does not see."""
    offer = session.scalar(offers_of(actor).where(Offer.id == offer_id))
    if offer is None:
        raise OfferUnknown
    return offer


def create(session: Session, actor: Actor, **facts: Any) -> Offer:
    """Make an offer; nobody hears of it before it is announced. Raises OfferCodeTaken, OfferNeverValid."""
    offer = Offer(**facts)
    _store(session, offer)
    log.append(session, actor, Kind.OFFER_CREATED, about=About(subject=("offer", offer.id)))
    return offer


def change(session: Session, actor: Actor, offer: Offer, changes: dict[str, Any]) -> Offer:
    """Change an offer; what has been announced keeps its words. Raises as `create`, and AlreadyAnnounced."""
    announced = announcement_of(session, offer.id) is not None  # asked first: a query would write what is edited
    changed = edit(offer, changes)
    if not changed:
        return offer
    if WORDS & set(changed) and announced:
        raise AlreadyAnnounced
    _store(session, offer)
    about = About(subject=("offer", offer.id))
    log.append(session, actor, Kind.OFFER_CHANGED, about=about, payload={"changed": changed})
    return offer


def announcement_of(session: Session, offer_id: UUID) -> Announcement | None:
    """How the offer goes, or went, out."""
    return session.scalar(select(Announcement).where(Announcement.offer_id == offer_id))


def _store(session: Session, offer: Offer) -> None:
    if offer.starts_at and offer.ends_at and offer.ends_at <= offer.starts_at:
        raise OfferNeverValid(field="ends_at")
    try:
        with session.begin_nested():
            session.add(offer)
    except IntegrityError:
        raise OfferCodeTaken(field="code") from None
