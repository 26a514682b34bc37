"""Wire shapes of deliveries. Never the text or the address: those stand in the timeline and at the contact."""

from mcrm.api.fields import AwareDateTime, Enum, List, Nested, Schema, Str, Uuid
from mcrm.api.paging import PageQuery
from mcrm.contacts.models import PointChannel
from mcrm.deliveries.models import DeliveryState


class AttemptSchema(Schema):
    """One attempt, or what else happened on the way."""

    at = Str(required=True, metadata={"format": "date-time"})
    outcome = Str(required=True)


class DeliverySchema(Schema):
    """One message to one address, and what became of it; `reason` says why it was not sent or failed."""

    id = Uuid(required=True)
    channel = Enum(PointChannel, required=True)
    state = Enum(DeliveryState, required=True)
    kind = Str(required=True)
    purpose = Str(required=True)
    contact_id = Uuid(required=True, allow_none=True)
    contact_point_id = Uuid(required=True, allow_none=True)
    provider_id = Str(required=True, allow_none=True)
    reason = Str(required=True, allow_none=True)
    attempts = List(Nested(AttemptSchema()), required=True)
    not_before = AwareDateTime(required=True)
    expires_at = AwareDateTime(required=True, allow_none=True)
    accepted_at = AwareDateTime(required=True, allow_none=True)
    settled_at = AwareDateTime(required=True, allow_none=True)
    created_at = AwareDateTime(required=True)


class DeliveryQuery(PageQuery):
    """Filters of the list of deliveries."""

    contact_id = Uuid(load_default=None)
    state = Enum(DeliveryState, load_default=None)
    channel = Enum(PointChannel, load_default=None)
