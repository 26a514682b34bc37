"""What carriers reported."""

from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import Date, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from mcrm.db import Id, Row


class TrackingStatus(StrEnum):
    """Where a carrier says a shipment is, in the order in which it gets there."""

    IN_TRANSIT = "in_transit"
    EXCEPTION = "exception"
    OUT_FOR_DELIVERY = "out_for_delivery"
    DELIVERED = "delivered"


class TrackingEvent(Row):
    """One report of a carrier about a shipment; `event_id` is the carrier's own, so that a repeated one is known."""

    __tablename__ = "tracking_events"
    __table_args__ = (
        Index("ix_tracking_events_shipment_id", "shipment_id"),
        Index("uq_tracking_events_carrier_event_id", "carrier", "event_id", unique=True),
    )

    shipment_id: Mapped[UUID] = mapped_column(Id, ForeignKey("shipments.id"))
    at: Mapped[datetime]
    status: Mapped[str]
    detail: Mapped[str | None]
    carrier: Mapped[str | None]
    event_id: Mapped[str | None]
    expected_on: Mapped[date | None] = mapped_column(Date)
