"""Wire shapes of addresses."""

from mcrm.addresses.models import AddressKind
from mcrm.api.fields import AwareDateTime, Bool, Enum, Int, List, Nested, Schema, Str, Uuid
from mcrm.api.paging import Whole

COUNTRY = "[A-Z]{2}"
ISO = {"description": "ISO 3166-1 alpha-2"}


class AddressSchema(Schema):
    """Where bills or goods go, of an account or of a contact."""

    id = Uuid(required=True)
    rev = Int(required=True)
    account_id = Uuid(required=True, allow_none=True)
    contact_id = Uuid(required=True, allow_none=True)
    kind = Enum(AddressKind, required=True)
    name = Str(required=True, allow_none=True)
    lines = List(Str(max_length=100), required=True, max_length=5)
    postcode = Str(required=True, allow_none=True)
    city = Str(required=True)
    region = Str(required=True, allow_none=True)
    country = Str(required=True, max_length=2, metadata=ISO)
    is_default = Bool(required=True)
    created_at = AwareDateTime(required=True)
    updated_at = AwareDateTime(required=True)


class AddressesSchema(Whole):
    """All addresses of one owner."""

    items = List(Nested(AddressSchema()), required=True, max_length=1000)


class AddressInSchema(Schema):
    """A new address; the first of its kind is the default."""

    kind = Enum(AddressKind, required=True)
    name = Str(max_length=100, load_default=None, allow_none=True, metadata={"description": "Who is written to there"})
    lines = List(Str(max_length=100), required=True, min_length=1, max_length=5)
    postcode = Str(max_length=16, load_default=None, allow_none=True)
    city = Str(max_length=100, required=True)
    region = Str(max_length=100, load_default=None, allow_none=True)
    country = Str(max_length=2, pattern=COUNTRY, required=True, metadata=ISO)
    is_default = Bool(load_default=False)


class AddressChangeSchema(Schema):
    """What may change of an address."""

    kind = Enum(AddressKind)
    name = Str(max_length=100, allow_none=True)
    lines = List(Str(max_length=100), min_length=1, max_length=5)
    postcode = Str(max_length=16, allow_none=True)
    city = Str(max_length=100)
    region = Str(max_length=100, allow_none=True)
    country = Str(max_length=2, pattern=COUNTRY, metadata=ISO)
    is_default = Bool()
