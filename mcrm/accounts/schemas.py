"""Wire shapes of accounts."""

from mcrm.accounts.models import AccountKind
from mcrm.api.fields import AwareDateTime, Bool, Enum, Int, List, Nested, Number, Schema, Str, Uuid
from mcrm.api.formats import JsonObject, Locale, TimeZone
from mcrm.custom_fields.schemas import CustomFilters
from mcrm.territories.schemas import MemberSchema

COUNTRY = "[A-Z]{2}"


class AccountSchema(Schema):
    """A company or a household that we sell to."""

    id = Uuid(required=True)
    rev = Int(required=True)
    name = Str(required=True)
    kind = Enum(AccountKind, required=True)
    number = Str(required=True, allow_none=True)
    territory_id = Uuid(required=True, allow_none=True)
    parent_id = Uuid(required=True, allow_none=True)
    account_class = Str(required=True, allow_none=True)
    country = Str(required=True, allow_none=True)
    timezone = Str(required=True, allow_none=True)
    locale = Str(required=True, allow_none=True)
    lat = Number(minimum=-90, maximum=90, required=True, allow_none=True)
    lon = Number(minimum=-180, maximum=180, required=True, allow_none=True)
    custom = JsonObject(required=True)
    created_at = AwareDateTime(required=True)
    updated_at = AwareDateTime(required=True)


class AccountInSchema(Schema):
    """A new account."""

    name = Str(required=True)
    kind = Enum(AccountKind, load_default=AccountKind.COMPANY)
    number = Str(max_length=40, load_default=None, allow_none=True)
    territory_id = Uuid(load_default=None, allow_none=True)
    parent_id = Uuid(load_default=None, allow_none=True)
    account_class = Str(max_length=40, load_default=None, allow_none=True)
    country = Str(max_length=2, pattern=COUNTRY, load_default=None, allow_none=True)
    timezone = TimeZone(load_default=None, allow_none=True)
    locale = Locale(load_default=None, allow_none=True)
    lat = Number(minimum=-90, maximum=90, load_default=None, allow_none=True)
    lon = Number(minimum=-180, maximum=180, load_default=None, allow_none=True)
    custom = JsonObject(load_default=dict)


class AccountChangeSchema(Schema):
    """What may change of an account."""

    name = Str()
    number = Str(max_length=40, allow_none=True)
    territory_id = Uuid(allow_none=True)
    parent_id = Uuid(allow_none=True)
    account_class = Str(max_length=40, allow_none=True)
    country = Str(max_length=2, pattern=COUNTRY, allow_none=True)
    timezone = TimeZone(allow_none=True)
    locale = Locale(allow_none=True)
    lat = Number(minimum=-90, maximum=90, allow_none=True)
    lon = Number(minimum=-180, maximum=180, allow_none=True)
    custom = JsonObject()


class AccountQuery(CustomFilters):
    """Filters of the list of accounts; `custom.<name>` filters by a custom field."""

    q = Str(
        max_length=100, load_default=None, metadata={"description": "Beginnings of words of the name, or a number's"}
    )
    territory_id = Uuid(load_default=None)
    parent_id = Uuid(load_default=None)
    kind = Enum(AccountKind, load_default=None)
    account_class = Str(max_length=40, load_default=None)
    tag = Str(max_length=60, load_default=None)


class NodeSchema(Schema):
    """An account in a tree."""

    id = Uuid(required=True)
    parent_id = Uuid(required=True, allow_none=True)
    name = Str(required=True)
    kind = Enum(AccountKind, required=True)
    depth = Int(required=True, metadata={"description": "Levels below the account asked for; above it, negative"})


class TreeSchema(Schema):
    """What stands above an account, the highest first, and it with all below, level by level."""

    above = List(Nested(NodeSchema()), required=True)
    nodes = List(Nested(NodeSchema()), required=True, max_length=500)
    is_whole = Bool(required=True, metadata={"description": "False where more stands below than is shown"})


class AccountMoveInSchema(Schema):
    """To which territory, and why."""

    territory_id = Uuid(required=True)
    reason = Str(load_default=None, allow_none=True, max_length=500)


class AccountMoveSchema(Schema):
    """Which accounts moved, the one that was named first."""

    account_ids = List(Uuid(), required=True, max_length=100_000)


class WhereaboutsSchema(Schema):
    """Why an account is somebody's; `seen_by` is how the asker sees it: by the role or by a grant."""

    territory_id = Uuid(required=True, allow_none=True)
    territory = Str(required=True, allow_none=True)
    manager_id = Uuid(required=True, allow_none=True)
    members = List(Nested(MemberSchema()), required=True, max_length=10_000)
    how = Str(required=True)
    since = AwareDateTime(required=True)
    by = Str(required=True, allow_none=True)
    because = Str(required=True, allow_none=True, max_length=500)
    seen_by = Str(required=True)
