"""Wire shapes of a customer's own conversation."""

from mcrm.actors import Channel
from mcrm.api.fields import AwareDateTime, Enum, Int, Schema, Str
from mcrm.conversations.models import Owner
from mcrm.conversations.reading import MOST_UNREAD, Author
from mcrm.deliveries.models import DeliveryState

LARGEST = 2**53 - 1


class OwnMessageSchema(Schema):
    """One message of the conversation, whichever channel it took; `state` is what became of one that went out."""

    position = Int(required=True, minimum=0, maximum=LARGEST)
    at = AwareDateTime(required=True)
    author = Enum(Author, required=True)
    channel = Enum(Channel, required=True)
    text = Str(required=True, allow_none=True, max_length=64_000)
    state = Enum(DeliveryState, required=True, allow_none=True)


class StandingSchema(Schema):
    """Who answers, and what is unread; messages up to `read_position` were seen."""

    owner = Enum(Owner, required=True)
    unread = Int(required=True, minimum=0, maximum=MOST_UNREAD)
    read_position = Int(required=True, minimum=0, maximum=LARGEST)
    last_message_at = AwareDateTime(required=True, allow_none=True)


class ReadSchema(Schema):
    """Up to which message everything was seen."""

    position = Int(required=True, minimum=0, maximum=LARGEST)
