"""Wire shapes of territories."""

from mcrm.actors import Role
from mcrm.api.fields import AwareDateTime, Enum, Int, List, Nested, Schema, Str, Uuid
from mcrm.api.formats import TimeZone


class TerritorySchema(Schema):
    """Accounts that one or more reps cover."""

    id = Uuid(required=True)
    rev = Int(required=True)
    name = Str(required=True)
    timezone = TimeZone(required=True, allow_none=True)
    parent_id = Uuid(required=True, allow_none=True)
    manager_id = Uuid(required=True, allow_none=True)
    created_at = AwareDateTime(required=True)
    updated_at = AwareDateTime(required=True)


class TerritoryInSchema(Schema):
    """A new territory."""

    name = Str(required=True, max_length=100)
    timezone = TimeZone(load_default=None, allow_none=True)
    parent_id = Uuid(load_default=None, allow_none=True)
    manager_id = Uuid(load_default=None, allow_none=True)


class TerritoryChangeSchema(Schema):
    """What may change of a territory."""

    name = Str(max_length=100)
    timezone = TimeZone(allow_none=True)
    parent_id = Uuid(allow_none=True)
    manager_id = Uuid(allow_none=True)


class GrantSchema(Schema):
    """A user may see a territory."""

    id = Uuid(required=True)
    user_id = Uuid(required=True)
    territory_id = Uuid(required=True)
    created_at = AwareDateTime(required=True)


class MemberSchema(Schema):
    """Somebody who covers a territory."""

    user_id = Uuid(required=True)
    name = Str(required=True)
    role = Enum(Role, required=True)
    team = Str(required=True, allow_none=True)
    granted_at = AwareDateTime(required=True)


class PlaceSchema(Schema):
    """Postcodes of a country that begin so; in Britain `BS`, `BS1` (the district, not BS16), `BS1 4` or a whole one."""

    country = Str(required=True)
    prefix = Str(required=True)


class CoverageSchema(Schema):
    """Who answers for a territory, who covers it, and where it is."""

    manager_id = Uuid(required=True, allow_none=True)
    members = List(Nested(MemberSchema()), required=True, max_length=10_000)
    places = List(Nested(PlaceSchema()), required=True, max_length=10_000)
