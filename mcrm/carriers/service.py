"""Taking in what carriers report, and showing an order to whoever holds its tracking link."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import SYSTEM, Actor
from mcrm.carriers import links
from mcrm.carriers.models import TrackingEvent, TrackingStatus
from mcrm.carriers.reading import Report, story
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import append
from mcrm.orders import moving, news
from mcrm.orders import service as orders
from mcrm.orders.models import Order, Shipment
from mcrm.transaction import insert_once

log = logging.getLogger(__name__)
LINK_LASTS = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Seen:
    """What a tracking link shows: nothing that says who ordered, what, or where it goes."""

    number: str
    status: str
    expected_on: date | None
    events: tuple[tuple[datetime, str], ...]


def slug(carrier: str) -> str:
    """A carrier's name as it stands in a URL: Royal Mail is royal-mail."""
    return re.sub(r"[^a-z0-9]+", "-", carrier.casefold()).strip("-")


def take_in(session: Session, *, carrier: str, tracking_number: str, report: Report) -> bool:
    """Store one report about a shipment, move its dates, and tell the customer what is news; False for a known one.

    A report about a shipment that is not ours leaves a log line and nothing else.
    """
    found = _shipment(session, carrier, tracking_number)
    if found is None:
        log.info("a carrier reported about an unknown shipment: carrier %s, event %s", carrier, report.event_id)
        return False
    order = orders.reachable(session, SYSTEM, found.order_id, lock=True)
    shipment = session.get_one(Shipment, found.id, populate_existing=True)
    if not _store(session, carrier, shipment, report):
        return False
    said = story(_report(event) for event in events_of(session, [shipment.id]))
    shipment.tracking_status = said.status.value
    shipment.expected_on = said.expected_on or shipment.expected_on
    moving.expect(session, order)
    payload = {"number": order.number, "shipment_id": str(shipment.id), "status": report.status.value}
    append(session, SYSTEM, Kind.SHIPMENT_TRACKED, about=moving.about(order), payload=payload, at=clock.now())
    is_under_way = shipment.delivered_at is None
    if said.delivered_at is not None:
        if is_under_way:
            moving.arrived(session, SYSTEM, order, shipment, at=said.delivered_at)
        news.delivered(session, SYSTEM, order, shipment)
    elif is_under_way and report.status is said.status is TrackingStatus.OUT_FOR_DELIVERY:
        news.out_for_delivery(session, SYSTEM, order, shipment)
    return True


def make_link(session: Session, actor: Actor, *, order_id: UUID, days: int | None = None) -> tuple[str, datetime]:
    """A token that shows the order's way to whoever holds it, and until when. Raises OrderUnknown."""
    order = orders.reachable(session, actor, order_id)
    expires_at = (clock.now() + (timedelta(days=days) if days else LINK_LASTS)).replace(microsecond=0)
    payload = {"number": order.number, "expires_at": expires_at.isoformat()}
    append(session, actor, Kind.TRACKING_LINK_MADE, about=moving.about(order), payload=payload)
    return links.make(order.id, expires_at), expires_at


def seen(session: Session, token: str) -> Seen | None:
    """What a link shows now; None for one that is not ours or is over."""
    order_id = links.read(token, clock.now())
    order = session.get(Order, order_id) if order_id else None
    if order is None:
        return None
    shipments = [shipment.id for shipment in orders.shipments_of(session, order.id)]
    events = sorted(((event.at, event.status) for event in events_of(session, shipments)), reverse=True)
    return Seen(order.number, order.status, order.expected_on, tuple(events))


def events_of(session: Session, shipment_ids: Sequence[UUID]) -> Sequence[TrackingEvent]:
    """What was reported about these shipments."""
    return session.scalars(select(TrackingEvent).where(TrackingEvent.shipment_id.in_(shipment_ids))).all()


def _shipment(session: Session, carrier: str, tracking_number: str) -> Shipment | None:
    """The newest shipment of that number with that carrier."""
    query = select(Shipment).where(Shipment.tracking_number == tracking_number).order_by(Shipment.id.desc())
    return next((shipment for shipment in session.scalars(query) if slug(shipment.carrier) == carrier), None)


def _store(session: Session, carrier: str, shipment: Shipment, report: Report) -> bool:
    row = {
        "shipment_id": shipment.id,
        "at": report.at,
        "status": report.status.value,
        "detail": report.detail,
        "carrier": carrier,
        "event_id": report.event_id,
        "expected_on": report.expected_on,
    }
    return insert_once(session, TrackingEvent, row, unique=("carrier", "event_id")) is not None


def _report(event: TrackingEvent) -> Report:
    status = TrackingStatus(event.status) if event.status in set(TrackingStatus) else TrackingStatus.IN_TRANSIT
    return Report(event.event_id or str(event.id), event.at, status, event.expected_on)
