"""Wire shapes of targets."""

from mcrm.api import fields, formats
from mcrm.api.paging import PageQuery
from mcrm.targets.models import Measure

BIG = 10**15


class TargetSchema(fields.Schema):
    """A goal from one day to another, both included, and how far it is; a value is in minor units."""

    id = fields.Uuid(required=True)
    rev = fields.Int(required=True)
    measure = fields.Enum(Measure, required=True)
    user_id = fields.Uuid(required=True, allow_none=True)
    territory_id = fields.Uuid(required=True, allow_none=True)
    team = fields.Str(required=True, allow_none=True)
    starts_on = fields.Date(required=True)
    ends_on = fields.Date(required=True)
    goal = fields.Int(required=True, minimum=1, maximum=BIG)
    currency = formats.Currency(required=True, allow_none=True)
    progress = fields.Int(required=True, minimum=0)
    created_at = fields.AwareDateTime(required=True)
    updated_at = fields.AwareDateTime(required=True)


class TargetInSchema(fields.Schema):
    """A new target: a territory's, a rep's (`user_id`) in a territory, or a team's."""

    measure = fields.Enum(Measure, required=True)
    user_id = fields.Uuid(load_default=None, allow_none=True)
    territory_id = fields.Uuid(load_default=None, allow_none=True)
    team = fields.Str(load_default=None, allow_none=True)
    starts_on = fields.Date(required=True)
    ends_on = fields.Date(required=True)
    goal = fields.Int(required=True, minimum=1, maximum=10**12)
    currency = formats.Currency(load_default=None, allow_none=True)


class TargetChangeSchema(fields.Schema):
    """What may change of a target."""

    starts_on = fields.Date()
    ends_on = fields.Date()
    goal = fields.Int(minimum=1, maximum=10**12)


class TargetQuery(PageQuery):
    """Filters of the list; `on`: targets whose days hold this one."""

    user_id = fields.Uuid(load_default=None)
    territory_id = fields.Uuid(load_default=None)
    team = fields.Str(load_default=None)
    on = fields.Date(load_default=None)
