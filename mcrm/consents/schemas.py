"""Wire shapes of consents and suppressions."""

from mcrm.api.fields import AwareDateTime, Enum, Int, List, Schema, Str, Uuid
from mcrm.api.formats import JsonObject
from mcrm.consents.models import ConsentState, SuppressionReason


class ConsentSchema(Schema):
    """What a contact allows on one channel for one purpose."""

    id = Uuid(required=True)
    rev = Int(required=True)
    contact_id = Uuid(required=True)
    channel = Str(required=True)
    purpose = Str(required=True)
    state = Enum(ConsentState, required=True)
    proof = JsonObject(required=True)
    decided_at = AwareDateTime(required=True)


class ConsentInSchema(Schema):
    """A decision, and how we know of it: where, when, with which words."""

    state = Enum(ConsentState, required=True)
    proof = JsonObject(load_default=dict)


class SuppressionInSchema(Schema):
    """Why an address shall not be contacted."""

    detail = Str(max_length=500, load_default=None, allow_none=True)


class SuppressionsSchema(Schema):
    """The stops in force on one address."""

    contact_point_id = Uuid(required=True)
    channel = Str(required=True)
    reasons = List(Enum(SuppressionReason), required=True)
