"""Wire shapes of activities."""

from mcrm.activities.service import ActivityKind, ActivityOutcome
from mcrm.api.fields import AwareDateTime, Enum, Int, List, Nested, Schema, Str, Uuid
from mcrm.tasks.schemas import NextStepSchema

LONGEST = 2400  # characters; each may take six in the log, whose facts hold 16,000 with all that stands beside
DAY_S = 86_400


class ActivityInSchema(Schema):
    """A note, a call or a meeting, about an account or a contact, with what is to be done next."""

    id = Uuid(load_default=None, allow_none=True, metadata={"description": "Made by the caller, so that it may repeat"})
    kind = Enum(ActivityKind, required=True)
    account_id = Uuid(load_default=None, allow_none=True)
    contact_id = Uuid(load_default=None, allow_none=True)
    at = AwareDateTime(load_default=None, allow_none=True)
    text = Str(max_length=LONGEST, load_default=None, allow_none=True)
    duration_s = Int(minimum=0, maximum=DAY_S, load_default=None, allow_none=True)
    outcome = Enum(ActivityOutcome, load_default=None, allow_none=True)
    participant_ids = List(Uuid(), load_default=list, max_length=30, metadata={"description": "Contacts who took part"})
    next_step = Nested(NextStepSchema(), load_default=None, allow_none=True)


class ActivitySchema(Schema):
    """A note, a call or a meeting; it is never edited. `task_id` is the next step that was made with it."""

    id = Uuid(required=True)
    kind = Enum(ActivityKind, required=True)
    at = AwareDateTime(required=True)
    author = Str(required=True)
    account_id = Uuid(required=True, allow_none=True)
    contact_id = Uuid(required=True, allow_none=True)
    text = Str(required=True, allow_none=True, min_length=0, max_length=16_000)
    duration_s = Int(required=True, allow_none=True)
    outcome = Enum(ActivityOutcome, required=True, allow_none=True)
    participant_ids = List(Uuid(), required=True)
    task_id = Uuid(required=True, allow_none=True)
