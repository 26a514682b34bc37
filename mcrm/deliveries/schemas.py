"""Wire shapes of deliveries. Never the text or the address: those stand in the timeline and at the contact."""

from mcrm.api.fields import AwareDateTime, Bool, Enum, Int, List, Nested, Schema, Str, Uuid
from mcrm.api.paging import PageQuery
from mcrm.contacts.models import PointChannel
from mcrm.deliveries.deciding import MOST_AT_ONCE, MOST_GROUPS
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
    """Filters of the list of deliveries; `since` counts in, `until` does not."""

    contact_id = Uuid(load_default=None)
    state = Enum(DeliveryState, load_default=None)
    channel = Enum(PointChannel, load_default=None)
    kind = Str(max_length=60, load_default=None)
    reason = Str(max_length=100, load_default=None)
    since = AwareDateTime(load_default=None)
    until = AwareDateTime(load_default=None)


class WhichSchema(Schema):
    """Which failed or doubtful deliveries are meant, and how many of them at most in this call."""

    contact_id = Uuid(load_default=None, allow_none=True)
    state = Str(pattern="failed|unknown", load_default=None, allow_none=True)
    channel = Enum(PointChannel, load_default=None, allow_none=True)
    kind = Str(max_length=60, load_default=None, allow_none=True)
    reason = Str(max_length=100, load_default=None, allow_none=True)
    since = AwareDateTime(load_default=None, allow_none=True)
    until = AwareDateTime(load_default=None, allow_none=True)
    limit = Int(minimum=1, maximum=MOST_AT_ONCE, load_default=MOST_AT_ONCE)


class DecidedSchema(Schema):
    """How many were decided; call again while there are more."""

    decided = Int(required=True)
    skipped = Int(required=True)
    has_more = Bool(required=True)


class FailuresSchema(Schema):
    """So many deliveries did not arrive, or nobody knows, for one reason; the oldest of them is of `since`."""

    state = Enum(DeliveryState, required=True)
    channel = Enum(PointChannel, required=True)
    kind = Str(required=True)
    reason = Str(required=True, allow_none=True)
    count = Int(required=True)
    since = AwareDateTime(required=True)


class AllFailuresSchema(Schema):
    """What failed or is in doubt, by why."""

    items = List(Nested(FailuresSchema()), required=True, max_length=MOST_GROUPS)
