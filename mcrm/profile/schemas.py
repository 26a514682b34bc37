"""Wire shapes of the own profile."""

from enum import StrEnum

from mcrm.api.fields import AwareDateTime, Bool, Date, Enum, Int, List, Nested, Schema, Str, Uuid
from mcrm.api.formats import Locale, TimeZone
from mcrm.consents.schemas import QuietHoursSchema
from mcrm.contacts.models import PointChannel, PointState
from mcrm.conversations.schemas import StandingSchema
from mcrm.deliveries.models import DeliveryState
from mcrm.deliveries.reporting import Reported
from mcrm.offers.schemas import OfferSchema
from mcrm.orders.models import OrderStatus
from mcrm.profile.renewing import Side


class LinkedChannel(StrEnum):
    """The channels that a link from the app can join."""

    TELEGRAM = "telegram"


class OwnPointSchema(Schema):
    """One of the own addresses."""

    id = Uuid(required=True)
    channel = Enum(PointChannel, required=True)
    address = Str(required=True, max_length=512)
    state = Enum(PointState, required=True)
    verified_at = AwareDateTime(required=True, allow_none=True)


class ProfileSchema(Schema):
    """A customer's own profile; what the staff noted is not in it."""

    id = Uuid(required=True)
    rev = Int(required=True)
    name = Str(required=True)
    number = Str(required=True, allow_none=True)
    locale = Str(required=True, allow_none=True)
    timezone = Str(required=True, allow_none=True)
    contact_points = List(Nested(OwnPointSchema()), required=True)


class ProfileChangeSchema(Schema):
    """What customers may change of their profile."""

    name = Str()
    locale = Locale(allow_none=True)
    timezone = TimeZone(allow_none=True)


class PushInSchema(Schema):
    """Where pushes to an installation of the app go: its installation id or its registration token."""

    kind = Str(pattern="fid|token", max_length=5, required=True)
    value = Str(required=True, min_length=8, max_length=512, pattern="[!-~]+")
    platform = Str(pattern="android|ios|web", max_length=7, required=True)
    locale = Locale(load_default=None, allow_none=True)


class PushSchema(Schema):
    """An installation that pushes go to; the token itself is never shown again."""

    device_id = Str(required=True)
    kind = Str(required=True)
    platform = Str(required=True)
    locale = Str(required=True, allow_none=True)
    last_seen_at = AwareDateTime(required=True)


class ChatLinkInSchema(Schema):
    """Which chat to join."""

    channel = Enum(LinkedChannel, required=True)


class ChatLinkSchema(Schema):
    """A token to open the chat with (`t.me/<bot>?start=<token>`), good once."""

    channel = Enum(LinkedChannel, required=True)
    token = Str(required=True)
    expires_in_s = Int(required=True)


class ReceiptInSchema(Schema):
    """What the app knows of a push, or of an answer in the chat: it came, or it was opened."""

    state = Enum(Reported, required=True)


class ReceiptSchema(Schema):
    """The message as it stands now; it may be further than what was reported."""

    id = Uuid(required=True)
    state = Enum(DeliveryState, required=True)


class ChatSchema(Schema):
    """A chat that is joined with you; while `is_stopped` nothing is sent there."""

    id = Uuid(required=True)
    channel = Enum(LinkedChannel, required=True)
    linked_at = AwareDateTime(required=True)
    last_seen_at = AwareDateTime(required=True, allow_none=True)
    is_stopped = Bool(required=True)


class ChangeChannel(StrEnum):
    """What is changed by codes to the old and to the new one."""

    SMS = "sms"
    EMAIL = "email"


class NewPendingChangeSchema(Schema):
    """The new phone number, or the new mail address."""

    channel = Enum(ChangeChannel, required=True)
    address = Str(required=True, max_length=254)


class PendingChangeSchema(Schema):
    """A change of number or mail address: it is made (`done_at`) once both sides are proved."""

    id = Uuid(required=True)
    channel = Enum(ChangeChannel, required=True)
    address = Str(required=True, max_length=512, metadata={"description": "The new one"})
    is_old_proved = Bool(required=True)
    is_new_proved = Bool(required=True)
    expires_at = AwareDateTime(required=True)
    done_at = AwareDateTime(required=True, allow_none=True)


class ChangeCodeSchema(Schema):
    """A code that came to one of the two addresses."""

    of = Enum(Side, required=True)
    code = Str(required=True, max_length=20)


class OpenedCaseSchema(Schema):
    """What somebody of the business looks into now."""

    number = Str(required=True)
    due_at = AwareDateTime(required=True, allow_none=True)


class HomeOrderSchema(Schema):
    """An order that something is still to happen with."""

    id = Uuid(required=True)
    number = Str(required=True)
    status = Enum(OrderStatus, required=True)
    placed_at = AwareDateTime(required=True)
    expected_on = Date(required=True, allow_none=True)
    carrier = Str(required=True, allow_none=True)
    tracking_number = Str(required=True, allow_none=True)


class HomeSchema(Schema):
    """What the app shows when it opens."""

    name = Str(required=True)
    orders = List(Nested(HomeOrderSchema()), required=True, max_length=10)
    offers = List(Nested(OfferSchema()), required=True, max_length=5)
    conversation = Nested(StandingSchema(), required=True)
    offers_on = List(Enum(PointChannel), required=True, max_length=10)
    stopped = List(Enum(PointChannel), required=True, max_length=10)
    quiet_hours = Nested(QuietHoursSchema(), required=True, allow_none=True)
