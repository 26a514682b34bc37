"""Wire shapes of integration keys. The key itself stands in one answer alone: the one to its creation."""

from mcrm.actors import Area
from mcrm.api.fields import AwareDateTime, Bool, Int, List, Schema, Str, Uuid
from mcrm.api.paging import PageQuery

SCOPE = "({}):(read|write)".format("|".join(area.value for area in Area))


class IntegrationKeySchema(Schema):
    """A key as it can be seen: `prefix` is its visible part; `territory_ids` null means all rows."""

    id = Uuid(required=True)
    rev = Int(required=True)
    name = Str(required=True)
    prefix = Str(required=True)
    scopes = List(Str(pattern=SCOPE), required=True)
    territory_ids = List(Uuid(), required=True, allow_none=True)
    expires_at = AwareDateTime(required=True, allow_none=True)
    last_used_at = AwareDateTime(required=True, allow_none=True)
    revoked_at = AwareDateTime(required=True, allow_none=True)
    created_at = AwareDateTime(required=True)


class NewIntegrationKeySchema(IntegrationKeySchema):
    """A key just made, with `key`, which is shown this once."""

    key = Str(required=True)


class IntegrationKeyInSchema(Schema):
    """A new key: a name, what it is let into (`orders:read`), and on which rows."""

    name = Str(required=True, max_length=100)
    scopes = List(Str(pattern=SCOPE), required=True, max_length=50)
    territory_ids = List(Uuid(), load_default=None, allow_none=True, max_length=100)
    expires_at = AwareDateTime(load_default=None, allow_none=True)


class IntegrationKeyChangeSchema(Schema):
    """What may change of a key."""

    name = Str(max_length=100)
    scopes = List(Str(pattern=SCOPE), max_length=50)
    territory_ids = List(Uuid(), allow_none=True, max_length=100)
    expires_at = AwareDateTime(allow_none=True)


class IntegrationKeyQuery(PageQuery):
    """Filters of the list of keys."""

    is_active = Bool(load_default=None, metadata={"description": "Neither revoked nor expired"})
