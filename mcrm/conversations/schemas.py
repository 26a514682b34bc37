"""Wire shapes of a customer's own conversation."""

from typing import Any, ClassVar

import marshmallow as ma

from mcrm.actors import Channel
from mcrm.api.fields import AwareDateTime, Bool, Enum, Int, List, Nested, Schema, Str, Uuid
from mcrm.api.paging import PageQuery
from mcrm.conversations.models import Owner
from mcrm.conversations.reading import MOST_UNREAD
from mcrm.conversations.saying import Author
from mcrm.deliveries.models import DeliveryState

LARGEST = 2**53 - 1
LONGEST_TEXT = 2000
LONGEST_CHOICE = 200


class ChoiceSchema(Schema):
    """Something to choose: its label to show, its value to send back."""

    label = Str(required=True)
    value = Str(required=True, max_length=LONGEST_CHOICE)


class OwnMessageSchema(Schema):
    """One message of the conversation, whichever channel it took; `state` is what became of one that went out.

    `position` is null in the answer to what was said just now; `client_id` is the app's own name of what it sent.
    """

    id = Uuid(required=True)
    position = Int(required=True, minimum=0, maximum=LARGEST, allow_none=True)
    at = AwareDateTime(required=True)
    author = Enum(Author, required=True)
    channel = Enum(Channel, required=True)
    text = Str(required=True, allow_none=True, max_length=64_000)
    state = Enum(DeliveryState, required=True, allow_none=True)
    choices = List(Nested(ChoiceSchema()), required=True)
    client_id = Str(required=True, allow_none=True, max_length=64)


class OwnMessageQuery(PageQuery):
    """Which part of the thread; without parameters the newest."""

    after = Int(
        minimum=0,
        maximum=LARGEST,
        load_default=None,
        metadata={"description": "Only what came after this `position`"},
    )


class StandingSchema(Schema):
    """Who answers, and what is unread; messages up to `read_position` were seen.

    `is_stopped`: nothing is said in the app until the customer writes START. What comes after `position` is new.
    """

    owner = Enum(Owner, required=True)
    unread = Int(required=True, minimum=0, maximum=MOST_UNREAD)
    read_position = Int(required=True, minimum=0, maximum=LARGEST)
    last_message_at = AwareDateTime(required=True, allow_none=True)
    is_stopped = Bool(required=True)
    position = Int(required=True, minimum=0, maximum=LARGEST)


class ReadSchema(Schema):
    """Up to which message everything was seen."""

    position = Int(required=True, minimum=0, maximum=LARGEST)


class ChatMessageInSchema(Schema):
    """What the customer says: words, or the value of a choice that was offered. The app names it, once for all."""

    either: ClassVar[dict[str, dict[str, Any]]] = {"text": {}, "choice": {}}

    client_id = Str(
        required=True,
        max_length=64,
        pattern="[!-~]+",
        metadata={"description": "Made by the app; the same again is the same message, and changes nothing"},
    )
    text = Str(max_length=LONGEST_TEXT)
    choice = Str(max_length=LONGEST_CHOICE)

    @ma.validates_schema
    def _one_of_them(self, facts: dict[str, Any], **unused: Any) -> None:
        if ("text" in facts) == ("choice" in facts):
            raise ma.ValidationError("Send either words or a choice.", "text")


class ExchangeSchema(Schema):
    """The message as it was taken in, and what the bot answered at once; nothing while a person answers."""

    message = Nested(OwnMessageSchema(), required=True)
    answers = List(Nested(OwnMessageSchema()), required=True)
