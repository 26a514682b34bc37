"""Wire shapes of timelines."""

from mcrm.actors import Channel
from mcrm.api.fields import AwareDateTime, Enum, Int, Schema, Str
from mcrm.api.formats import JsonObject
from mcrm.api.paging import PageQuery
from mcrm.interactions.kinds import Kind


class HappeningSchema(Schema):
    """One fact; a queued message says in its payload what became of it."""

    position = Int(required=True)
    at = AwareDateTime(required=True)
    kind = Str(required=True)
    channel = Str(required=True)
    direction = Str(required=True, allow_none=True)
    actor = Str(required=True)
    payload = JsonObject(required=True, max_bytes=100_000)


class TimelineQuery(PageQuery):
    """Filters of a timeline."""

    kind = Enum(Kind, load_default=None)
    channel = Enum(Channel, load_default=None)
