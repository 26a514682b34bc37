"""Wire shapes of consents and suppressions."""

from mcrm.api.fields import AwareDateTime, Bool, Enum, Int, List, Nested, Schema, Str, Uuid
from mcrm.api.formats import JsonObject
from mcrm.consents.models import ConsentState, SuppressionReason
from mcrm.contacts.models import PointChannel

CLOCK_TIME = "([01][0-9]|2[0-3]):[0-5][0-9]"


class ConsentSchema(Schema):
    """What a contact allows on one channel for one purpose."""

    id = Uuid(required=True)
    rev = Int(required=True)
    contact_id = Uuid(required=True)
    channel = Str(required=True)
    purpose = Str(required=True)
    state = Enum(ConsentState, required=True)
    proof = JsonObject(required=True)
    decided_at = AwareDateTime(required=True)


class ConsentInSchema(Schema):
    """A decision, and how we know of it: where, when, with which words."""

    state = Enum(ConsentState, required=True)
    proof = JsonObject(load_default=dict)


class QuietHoursInSchema(Schema):
    """When somebody wants to be left alone, by their own clock; over midnight where it begins later than it ends."""

    begins = Str(required=True, pattern=CLOCK_TIME, max_length=5)
    ends = Str(required=True, pattern=CLOCK_TIME, max_length=5)


class QuietHoursSchema(Schema):
    """Quiet hours as they hold, in `timezone`; `is_own`: the customer said so, else the business did."""

    begins = Str(required=True, max_length=5)
    ends = Str(required=True, max_length=5)
    timezone = Str(required=True)
    is_own = Bool(required=True)


class TopicWishSchema(Schema):
    """One topic; switched by a consent for `<purpose>.<topic>`."""

    topic = Str(required=True)
    is_wanted = Bool(required=True)


class PurposeWishSchema(Schema):
    """One purpose; its topics count as far as it is wanted itself."""

    purpose = Str(required=True)
    is_wanted = Bool(required=True)
    topics = List(Nested(TopicWishSchema()), required=True, max_length=100)


class ChannelWishSchema(Schema):
    """One channel: is there an address, is it stopped altogether, and what is wanted there."""

    channel = Enum(PointChannel, required=True)
    has_address = Bool(required=True)
    is_stopped = Bool(required=True)
    purposes = List(Nested(PurposeWishSchema()), required=True, max_length=100)


class PreferencesSchema(Schema):
    """What a customer wants to hear, where, about what and when."""

    channels = List(Nested(ChannelWishSchema()), required=True, max_length=10)
    quiet_hours = Nested(QuietHoursSchema(), required=True, allow_none=True)


class SuppressionInSchema(Schema):
    """Why an address shall not be contacted."""

    detail = Str(max_length=500, load_default=None, allow_none=True)


class SuppressionsSchema(Schema):
    """The stops in force on one address."""

    contact_point_id = Uuid(required=True)
    channel = Str(required=True)
    reasons = List(Enum(SuppressionReason), required=True)
