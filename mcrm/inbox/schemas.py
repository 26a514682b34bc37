"""Wire shapes of the inbox."""

from typing import Any, ClassVar

import marshmallow as ma

from mcrm.api.fields import AwareDateTime, Bool, Enum, Int, List, Nested, Query, Schema, Str, Uuid
from mcrm.api.paging import PageQuery
from mcrm.cases.schemas import CaseSchema
from mcrm.deliveries.models import DeliveryState
from mcrm.inbox.models import Ending, HandoverState
from mcrm.timelines.schemas import HappeningSchema

LONGEST_REPLY = 1600  # ten segments; Twilio takes no longer text
LONGEST_NOTE = 4000
QUEUE = r"[a-z][a-z-]{0,39}"
LOCALE = r"[a-z]{2,3}(-[A-Z]{2})?"


class HandoverSchema(Schema):
    """A stretch of a conversation that a person answers; clocks count business time."""

    id = Uuid(required=True)
    rev = Int(required=True)
    conversation_id = Uuid(required=True)
    contact_id = Uuid(required=True, allow_none=True)
    contact_point_id = Uuid(required=True)
    channel = Str(required=True)
    state = Enum(HandoverState, required=True)
    queue = Str(required=True)
    reason = Str(required=True)
    summary = Str(required=True, max_length=10_000)
    agent_id = Uuid(required=True, allow_none=True)
    awaits_reply = Bool(required=True)
    last_message_at = AwareDateTime(required=True)
    first_response_due_at = AwareDateTime(required=True)
    first_responded_at = AwareDateTime(required=True, allow_none=True)
    first_response_s = Int(required=True, allow_none=True)
    resolution_due_at = AwareDateTime(required=True)
    ended_at = AwareDateTime(required=True, allow_none=True)
    ended_by = Enum(Ending, required=True, allow_none=True)
    resolution_s = Int(required=True, allow_none=True)
    rating = Int(required=True, allow_none=True)
    created_at = AwareDateTime(required=True)
    updated_at = AwareDateTime(required=True)


class HandoverQuery(PageQuery):
    """Filters of the inbox."""

    state = Enum(HandoverState, load_default=None)
    going_on = Bool(load_default=None)
    queue = Str(load_default=None)
    agent_id = Uuid(load_default=None)
    contact_id = Uuid(load_default=None)


class BeginningSchema(Schema):
    """Whom to answer, although they did not ask for a person."""

    contact_id = Uuid(required=True)


class ThreadItemSchema(HappeningSchema):
    """A fact, with the name of whoever of the staff did it."""

    name = Str(required=True, allow_none=True)


class ReplySchema(Schema):
    """What to say to the customer."""

    text = Str(required=True, max_length=LONGEST_REPLY)


class SaidSchema(Schema):
    """An answer on its way."""

    id = Uuid(required=True)
    channel = Str(required=True)
    state = Enum(DeliveryState, required=True)
    text = Str(required=True, max_length=LONGEST_REPLY)


class DeskNoteInSchema(Schema):
    """What colleagues should know."""

    text = Str(required=True, max_length=LONGEST_NOTE)


class DeskNoteSchema(Schema):
    """A note; it stands in the thread."""

    id = Uuid(required=True)
    text = Str(required=True, max_length=LONGEST_NOTE)


class TransferSchema(Schema):
    """To whom: a colleague, or a queue."""

    either: ClassVar[dict[str, dict[str, Any]]] = {"agent_id": {}, "queue": {}}

    agent_id = Uuid()
    queue = Str(max_length=40, pattern=QUEUE)

    @ma.validates_schema
    def _one_of_them(self, facts: dict[str, Any], **unused: Any) -> None:
        if len(facts) != 1:
            raise ma.ValidationError("Name either an agent or a queue.", "agent_id")


class TakeoverSchema(Schema):
    """Why a conversation is taken from the colleague who answers it; colleagues read it in the thread."""

    reason = Str(required=True, max_length=500)


class ResolutionSchema(Schema):
    """Whether to ask the customer how it was."""

    ask = Bool(load_default=True)


class GlanceContactSchema(Schema):
    """Who it is."""

    id = Uuid(required=True)
    account_id = Uuid(required=True)
    name = Str(required=True, max_length=500)
    locale = Str(required=True, allow_none=True)
    created_at = AwareDateTime(required=True)


class GlanceAddressSchema(Schema):
    """Where they can be reached."""

    id = Uuid(required=True)
    channel = Str(required=True)
    address = Str(required=True, max_length=5000)
    state = Str(required=True)
    verified_at = AwareDateTime(required=True, allow_none=True)


class GlanceOrderSchema(Schema):
    """What they bought lately."""

    id = Uuid(required=True)
    number = Str(required=True)
    status = Str(required=True)
    payment_status = Str(required=True)
    currency = Str(required=True)
    total = Int(required=True)
    placed_at = AwareDateTime(required=True)


class GlanceConsentSchema(Schema):
    """What they allow."""

    channel = Str(required=True)
    purpose = Str(required=True)
    state = Str(required=True)


class GlanceStopSchema(Schema):
    """What is stopped, stronger than any consent."""

    channel = Str(required=True)
    address = Str(required=True, max_length=5000)
    reason = Str(required=True)


class GlanceSchema(Schema):
    """A customer at a glance; the contact is null while nobody knows whose address it is."""

    contact = Nested(GlanceContactSchema(), required=True, allow_none=True)
    addresses = List(Nested(GlanceAddressSchema()), required=True)
    orders = List(Nested(GlanceOrderSchema()), required=True)
    consents = List(Nested(GlanceConsentSchema()), required=True)
    suppressions = List(Nested(GlanceStopSchema()), required=True)
    cases = List(Nested(CaseSchema()), required=True)


class PresenceInSchema(Schema):
    """Whether somebody is there."""

    is_present = Bool(required=True)


class PresenceSchema(Schema):
    """Until when somebody counts as present; null for whoever went."""

    until = AwareDateTime(required=True, allow_none=True)


class AgentSchema(Schema):
    """Somebody who is present."""

    id = Uuid(required=True)
    name = Str(required=True)
    present_until = AwareDateTime(required=True)
    conversations = Int(required=True)


class AgentsSchema(Schema):
    """Who is present, the least busy first."""

    items = List(Nested(AgentSchema()), required=True)


class CannedReplySchema(Schema):
    """Words under a name, in one language."""

    id = Uuid(required=True)
    rev = Int(required=True)
    name = Str(required=True)
    locale = Str(required=True)
    body = Str(required=True, max_length=LONGEST_REPLY)
    created_at = AwareDateTime(required=True)
    updated_at = AwareDateTime(required=True)


class CannedReplyInSchema(Schema):
    """New words; `{{ customer }}`, `order`, `order_status`, `agent` and `business` are filled in when they are used."""

    name = Str(required=True, max_length=60)
    locale = Str(load_default="en", pattern=LOCALE)
    body = Str(required=True, max_length=LONGEST_REPLY)


class CannedReplyChangeSchema(Schema):
    """What may change of canned words."""

    name = Str(max_length=60)
    locale = Str(pattern=LOCALE)
    body = Str(max_length=LONGEST_REPLY)


class CannedReplyQuery(PageQuery):
    """Filters of the list of canned replies."""

    locale = Str(load_default=None)


class FilledReplySchema(Schema):
    """Canned words as they would be sent to this customer."""

    id = Uuid(required=True)
    name = Str(required=True)
    locale = Str(required=True)
    text = Str(required=True, max_length=10_000)


class FilledRepliesSchema(Schema):
    """The canned words for one customer."""

    items = List(Nested(FilledReplySchema()), required=True)


class ContainmentQuery(Query):
    """Which days, both aware; at most 92 days."""

    since = AwareDateTime(required=True)
    until = AwareDateTime(required=True)


class ContainedSchema(Schema):
    """What became of the contacts that came with one wish; `again` counts those who came back with it within 72 h."""

    intent = Str(required=True)
    contacts = Int(required=True)
    solved = Int(required=True)
    handed_over = Int(required=True)
    abandoned = Int(required=True)
    again = Int(required=True)


class ContainmentSchema(Schema):
    """How much the bot settled, by wish."""

    items = List(Nested(ContainedSchema()), required=True)
