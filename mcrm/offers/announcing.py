"""Announcing an offer: a page of contacts a transaction, each with a delivery or with the reason why there is none.

What the policy allows is queued as a push; everybody else gets a delivery that was never meant to leave, with the
policy's reason, so that "why did she not hear of it?" has an answer. The policy is asked again when a push is sent.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import SYSTEM, Actor, Channel
from mcrm.consents.models import Purpose
from mcrm.contacts.models import Contact, ContactPoint, PointState
from mcrm.deliveries import outbox
from mcrm.deliveries.models import Delivery, Priority
from mcrm.deliveries.outbox import Recipient
from mcrm.deliveries.withholding import Withheld, withhold_many
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.offers.errors import AlreadyAnnounced, NotAnnounced, OfferOver
from mcrm.offers.models import Announcement, AnnouncementState, Offer
from mcrm.offers.service import announcement_of
from mcrm.policy import gate
from mcrm.transaction import TOPIC_ENGINES
from mcrm.transaction import announce as wake

PAGE = 100  # on SQLite the whole page is lock time: 50 ms of it are bearable
KIND = "offer.announced"
GOES_OUT = frozenset({gate.Answer.ALLOWED, gate.Answer.HELD})  # what is held waits in the outbox


def launch(session: Session, actor: Actor, *, offer: Offer) -> Announcement:
    """Let the offer go out to everybody who may hear of it; the worker does it. Raises OfferOver, AlreadyAnnounced."""
    if offer.ends_at is not None and offer.ends_at <= clock.now():
        raise OfferOver
    launched = Announcement(offer_id=offer.id, launched_by=actor.label, queued=0, withheld=0)
    try:
        with session.begin_nested():
            session.add(launched)
    except IntegrityError:
        raise AlreadyAnnounced from None
    log.append(session, actor, Kind.OFFER_ANNOUNCED, about=About(subject=("offer", offer.id)))
    wake(session, TOPIC_ENGINES)
    return launched


def step(session: Session) -> bool:
    """Take one announcement a page further; False when none is under way."""
    running = session.scalar(
        select(Announcement)
        .where(Announcement.state == AnnouncementState.RUNNING.value)
        .order_by(Announcement.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if running is None:
        return False
    contacts = _next_page(session, running)
    if contacts:
        _turn_into_deliveries(session, running, session.get_one(Offer, running.offer_id), contacts)
        running.after_contact_id = contacts[-1].id
    if len(contacts) < PAGE:
        running.state, running.finished_at = AnnouncementState.DONE.value, clock.now()
    return True


def counts(session: Session, offer_id: UUID) -> tuple[Announcement, dict[str, int], dict[str, int]]:
    """How far an announcement is: deliveries by state, and by reason where there is one. Raises NotAnnounced."""
    announcement = announcement_of(session, offer_id)
    if announcement is None:
        raise NotAnnounced
    states: defaultdict[str, int] = defaultdict(int)
    reasons: defaultdict[str, int] = defaultdict(int)
    for state, reason, count in session.execute(counting(announcement.id)):
        states[state] += count
        if reason is not None:
            reasons[reason] += count
    return announcement, dict(states), dict(reasons)


def counting(announcement_id: UUID) -> Select[str, str | None, int]:
    """How many deliveries of an announcement are in which state, and for which reason."""
    of_it = Delivery.broadcast_id == announcement_id
    query = select(Delivery.state, Delivery.reason, func.count()).where(of_it)
    return query.group_by(Delivery.state, Delivery.reason)


def _next_page(session: Session, running: Announcement) -> Sequence[Contact]:
    """The next people by id, each as the contact that survives; who came after the launch is not meant."""
    alone = or_(Contact.group_id.is_(None), Contact.group_id == Contact.id)
    query = select(Contact).where(Contact.created_at <= running.created_at, Contact.erased_at.is_(None), alone)
    if running.after_contact_id is not None:
        query = query.where(Contact.id > running.after_contact_id)
    return session.scalars(query.order_by(Contact.id).limit(PAGE)).all()


def _turn_into_deliveries(session: Session, running: Announcement, offer: Offer, contacts: Sequence[Contact]) -> None:
    points = _push_points(session, [contact.id for contact in contacts])
    requests = [_request(contact, points.get(contact.id), offer.ends_at) for contact in contacts]
    verdicts = gate.may_send(session, requests, clock.now())
    allowed, withheld = [], []
    for contact in contacts:
        point, verdict = points.get(contact.id), verdicts[contact.id]
        if point is not None and verdict.answer in GOES_OUT:
            allowed.append(Recipient(point.id, contact.id, contact.account_id))
        else:
            reason = verdict.reason or outbox.NO_ADDRESS
            withheld.append(Withheld(f"{_key(offer.id)}:{contact.id}", contact.id, point.id if point else None, reason))
    running.queued += outbox.queue_many(
        session,
        SYSTEM,
        allowed,
        channel=Channel.PUSH.value,
        text=_words(offer),
        title=offer.title,
        kind=KIND,
        dedupe_prefix=_key(offer.id),
        purpose=Purpose.MARKETING,
        priority=Priority.BULK,
        data={"event": KIND, "id": str(offer.id)},
        collapse_key=f"offer-{offer.id}",
        not_before=offer.starts_at,
        expires_at=offer.ends_at,
        broadcast_id=running.id,
    )
    running.withheld += withhold_many(
        session,
        withheld,
        channel=Channel.PUSH.value,
        kind=KIND,
        purpose=Purpose.MARKETING,
        priority=Priority.BULK,
        broadcast_id=running.id,
    )


def _words(offer: Offer) -> str:
    """The body, and the code where the body does not name it: nobody could use it otherwise."""
    return offer.body if not offer.code or offer.code in offer.body else f"{offer.body}\n{offer.code}"


def _push_points(session: Session, contact_ids: Sequence[UUID]) -> dict[UUID, ContactPoint]:
    """The installation that each person used last."""
    person = func.coalesce(Contact.group_id, Contact.id)
    query = select(person, ContactPoint).join(Contact, Contact.id == ContactPoint.contact_id)
    query = query.where(
        or_(Contact.id.in_(contact_ids), Contact.group_id.in_(contact_ids)),
        ContactPoint.channel == Channel.PUSH.value,
        ContactPoint.state == PointState.ACTIVE.value,
    )
    found = [(person_id, point) for person_id, point in session.execute(query)]
    found.sort(key=lambda pair: (pair[1].last_seen_at or pair[1].created_at, pair[1].id))
    return dict(found)


def _request(contact: Contact, point: ContactPoint | None, expires_at: datetime | None) -> gate.Request:
    return gate.Request(
        id=contact.id,
        channel=Channel.PUSH.value,
        purpose=Purpose.MARKETING,
        kind=KIND,
        contact_id=contact.id,
        owner_id=point.contact_id if point else None,
        address=point.address if point else None,
        point_state=point.state if point else None,
        expires_at=expires_at,
    )


def _key(offer_id: UUID) -> str:
    return f"offer:{offer_id}"
