"""Wire shapes of messages that were not understood."""

from mcrm.api.fields import AwareDateTime, Bool, Enum, Schema, Str, Uuid
from mcrm.api.formats import JsonObject
from mcrm.api.paging import PageQuery
from mcrm.learning.intents import Intent
from mcrm.learning.models import Why


class UnknownMessageSchema(Schema):
    """A message that was not understood; `label` is what a person says it meant."""

    id = Uuid(required=True)
    created_at = AwareDateTime(required=True)
    message_id = Uuid(required=True)
    contact_id = Uuid(required=True, allow_none=True)
    channel = Str(required=True)
    language = Str(required=True)
    text = Str(required=True, min_length=0, max_length=4000)
    why = Enum(Why, required=True)
    understood = JsonObject(required=True)
    label = Enum(Intent, required=True, allow_none=True)
    labelled_at = AwareDateTime(required=True, allow_none=True)


class UnknownMessageQuery(PageQuery):
    """Filters of the list."""

    labelled = Bool(load_default=None, metadata={"description": "Whether a person has said what it meant"})
    language = Str(load_default=None, max_length=8, metadata={"description": "Language tag, such as `en`"})


class LabelSchema(Schema):
    """What a message meant; `oos` says that it is none of our business."""

    intent = Enum(Intent, required=True)
