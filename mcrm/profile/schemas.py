"""Wire shapes of the own profile."""

from enum import StrEnum

from mcrm.api.fields import AwareDateTime, Enum, Int, List, Nested, Schema, Str, Uuid
from mcrm.api.formats import Locale, TimeZone
from mcrm.contacts.models import PointChannel, PointState
from mcrm.deliveries.models import DeliveryState
from mcrm.deliveries.reporting import Reported


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
