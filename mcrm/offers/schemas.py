"""Wire shapes of offers."""

from marshmallow import fields as plain

from mcrm.api.fields import AwareDateTime, Enum, Int, Schema, Str, Uuid
from mcrm.offers.models import AnnouncementState


class OfferSchema(Schema):
    """Something worth telling: a title and a sentence, as a push shows them."""

    id = Uuid(required=True)
    rev = Int(required=True)
    title = Str(required=True)
    body = Str(required=True, max_length=1000)
    code = Str(required=True, allow_none=True)
    starts_at = AwareDateTime(required=True, allow_none=True)
    ends_at = AwareDateTime(required=True, allow_none=True)
    updated_at = AwareDateTime(required=True)


class OfferInSchema(Schema):
    """A new offer."""

    title = Str(required=True, max_length=100)
    body = Str(required=True, max_length=1000)
    code = Str(max_length=40, load_default=None, allow_none=True)
    starts_at = AwareDateTime(load_default=None, allow_none=True)
    ends_at = AwareDateTime(load_default=None, allow_none=True)


class OfferChangeSchema(Schema):
    """What may change of an offer; the words only until it is announced."""

    title = Str(max_length=100)
    body = Str(max_length=1000)
    code = Str(max_length=40, allow_none=True)
    starts_at = AwareDateTime(allow_none=True)
    ends_at = AwareDateTime(allow_none=True)


class AnnounceSchema(Schema):
    """An empty object."""


class AnnouncementSchema(Schema):
    """How far an announcement is: turned into pushes or withheld, then what became of the pushes."""

    offer_id = Uuid(required=True)
    state = Enum(AnnouncementState, required=True)
    queued = Int(required=True)
    withheld = Int(required=True)
    launched_at = AwareDateTime(required=True)
    finished_at = AwareDateTime(required=True, allow_none=True)
    deliveries = plain.Dict(
        keys=Str(), values=Int(), required=True, metadata={"description": "Deliveries of all contacts by state"}
    )
    reasons = plain.Dict(keys=Str(), values=Int(), required=True, metadata={"description": "Why not, and how often"})
