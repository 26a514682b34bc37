"""Wire shapes of territories."""

from mcrm.api.fields import AwareDateTime, Int, Schema, Str, Uuid
from mcrm.api.formats import TimeZone


class TerritorySchema(Schema):
    """Accounts that one or more reps cover."""

    id = Uuid(required=True)
    rev = Int(required=True)
    name = Str(required=True)
    timezone = TimeZone(required=True, allow_none=True)
    created_at = AwareDateTime(required=True)
    updated_at = AwareDateTime(required=True)


class TerritoryInSchema(Schema):
    """A new territory."""

    name = Str(required=True, max_length=100)
    timezone = TimeZone(load_default=None, allow_none=True)


class TerritoryChangeSchema(Schema):
    """What may change of a territory."""

    name = Str(max_length=100)
    timezone = TimeZone(allow_none=True)


class GrantSchema(Schema):
    """A user may see a territory."""

    id = Uuid(required=True)
    user_id = Uuid(required=True)
    territory_id = Uuid(required=True)
    created_at = AwareDateTime(required=True)
