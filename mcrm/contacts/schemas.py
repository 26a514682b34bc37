"""Wire shapes of contacts and contact points."""

from mcrm.api.fields import AwareDateTime, Enum, Int, List, Nested, Schema, Str, Uuid
from mcrm.api.formats import JsonObject, Locale, Phone, TimeZone
from mcrm.contacts.models import PointChannel, PointState
from mcrm.custom_fields.schemas import CustomFilters


class ContactPointSchema(Schema):
    """One address of a contact on one channel."""

    id = Uuid(required=True)
    rev = Int(required=True)
    contact_id = Uuid(required=True, allow_none=True)
    channel = Enum(PointChannel, required=True)
    address = Str(required=True, max_length=512)
    state = Enum(PointState, required=True)
    kind = Str(required=True, allow_none=True)
    platform = Str(required=True, allow_none=True)
    verified_at = AwareDateTime(required=True, allow_none=True)
    last_seen_at = AwareDateTime(required=True, allow_none=True)
    created_at = AwareDateTime(required=True)


class ContactSchema(Schema):
    """A person whom we can reach; `number` is the customer number."""

    id = Uuid(required=True)
    rev = Int(required=True)
    account_id = Uuid(required=True)
    name = Str(required=True)
    number = Str(required=True, allow_none=True)
    locale = Str(required=True, allow_none=True)
    timezone = Str(required=True, allow_none=True)
    group_id = Uuid(required=True, allow_none=True)
    notes = Str(required=True, allow_none=True, max_length=10_000)
    custom = JsonObject(required=True)
    created_at = AwareDateTime(required=True)
    updated_at = AwareDateTime(required=True)


class ContactWithPointsSchema(ContactSchema):
    """A contact and its addresses."""

    contact_points = List(Nested(ContactPointSchema()), required=True)
    tags = List(Str(max_length=60), required=True)
    merged_ids = List(Uuid(), required=True, metadata={"description": "The other contacts that are this person"})


class ContactInSchema(Schema):
    """A new contact: of an account, or a private person whose account is made with it."""

    name = Str(required=True)
    number = Str(max_length=40, load_default=None, allow_none=True)
    account_id = Uuid(load_default=None, allow_none=True)
    territory_id = Uuid(
        load_default=None, allow_none=True, metadata={"description": "Of a private person; a rep's only one if absent"}
    )
    locale = Locale(load_default=None, allow_none=True)
    timezone = TimeZone(load_default=None, allow_none=True)
    notes = Str(max_length=10_000, load_default=None, allow_none=True)
    custom = JsonObject(load_default=dict)


class ContactChangeSchema(Schema):
    """What may change of a contact."""

    name = Str()
    number = Str(max_length=40, allow_none=True)
    account_id = Uuid()
    locale = Locale(allow_none=True)
    timezone = TimeZone(allow_none=True)
    notes = Str(max_length=10_000, allow_none=True)
    custom = JsonObject()


class ContactQuery(CustomFilters):
    """Filters of the list of contacts; `custom.<name>` filters by a custom field."""

    q = Str(
        max_length=100,
        load_default=None,
        metadata={"description": "Beginnings of words of the name, of the number, the phone (or its end) or the mail"},
    )
    phone = Phone(load_default=None)
    account_id = Uuid(load_default=None, metadata={"description": "Contacts of this account, or acting for it"})
    tag = Str(max_length=60, load_default=None)


class ContactPointInSchema(Schema):
    """A new address: E.164 or a national number (sms), chat id (telegram), token (push), mail address."""

    channel = Enum(PointChannel, required=True)
    address = Str(required=True, max_length=512)
    kind = Str(pattern="fid|token", max_length=5, load_default=None, allow_none=True)
    platform = Str(pattern="android|ios|web", max_length=7, load_default=None, allow_none=True)
