"""Wire shapes of what carriers report and of tracking links."""

from typing import Any

import marshmallow as ma
from marshmallow import post_load

from mcrm.api import fields
from mcrm.carriers.models import TrackingStatus
from mcrm.carriers.reading import Report
from mcrm.orders.models import OrderStatus


class ReportSchema(fields.Schema):
    """What a carrier posts; members that we do not know are its own business."""

    event_id = fields.Str(required=True, max_length=100)
    tracking_number = fields.Str(required=True, max_length=80)
    status = fields.Enum(TrackingStatus, required=True)
    at = fields.AwareDateTime(required=True)
    expected_on = fields.Date(load_default=None, allow_none=True)
    detail = fields.Str(load_default=None, allow_none=True, max_length=500)

    class Meta:
        """Other members are passed over."""

        unknown = ma.EXCLUDE

    @post_load
    def build(self, facts: dict[str, Any], **unused: Any) -> tuple[str, Report]:
        """(tracking number, report)."""
        return facts.pop("tracking_number"), Report(**facts)


class NewLinkSchema(fields.Schema):
    """For how many days the link shall work."""

    days = fields.Int(minimum=1, maximum=365, load_default=None, allow_none=True)


class LinkSchema(fields.Schema):
    """A link that shows an order's way to whoever holds it."""

    url = fields.Str(required=True, max_length=500)
    expires_at = fields.AwareDateTime(required=True)


class SeenEventSchema(fields.Schema):
    """One report of a carrier."""

    at = fields.AwareDateTime(required=True)
    status = fields.Enum(TrackingStatus, required=True)


class SeenSchema(fields.Schema):
    """What a tracking link shows."""

    number = fields.Str(required=True)
    status = fields.Enum(OrderStatus, required=True)
    expected_on = fields.Date(required=True, allow_none=True)
    events = fields.List(fields.Nested(SeenEventSchema()), required=True, max_length=1000)
