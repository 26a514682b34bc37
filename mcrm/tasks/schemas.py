"""Wire shapes of tasks."""

from mcrm.api.fields import AwareDateTime, Bool, Int, Schema, Str, Uuid
from mcrm.api.paging import PageQuery

LONGEST_TITLE = 500


class TaskSchema(Schema):
    """A task; `due_at` and `done_at` are null while there is no such time."""

    id = Uuid(required=True)
    rev = Int(required=True)
    title = Str(required=True, max_length=LONGEST_TITLE)
    due_at = AwareDateTime(required=True, allow_none=True)
    done_at = AwareDateTime(required=True, allow_none=True)
    account_id = Uuid(required=True)
    contact_id = Uuid(required=True, allow_none=True)
    opportunity_id = Uuid(required=True, allow_none=True)
    visit_id = Uuid(required=True, allow_none=True)
    owner_id = Uuid(required=True, allow_none=True)
    repeat_every_days = Int(required=True, allow_none=True)
    created_at = AwareDateTime(required=True)
    updated_at = AwareDateTime(required=True)


class TaskInSchema(Schema):
    """A new task: for an account, or for a contact's account; without an owner it is the caller's."""

    id = Uuid(load_default=None, allow_none=True, metadata={"description": "Made by the caller, so that it may repeat"})
    title = Str(required=True, max_length=LONGEST_TITLE)
    due_at = AwareDateTime(load_default=None, allow_none=True)
    account_id = Uuid(load_default=None, allow_none=True)
    contact_id = Uuid(load_default=None, allow_none=True)
    opportunity_id = Uuid(load_default=None, allow_none=True)
    owner_id = Uuid(load_default=None, allow_none=True)
    repeat_every_days = Int(minimum=1, maximum=366, load_default=None, allow_none=True)


class TaskChangeSchema(Schema):
    """What may change of a task."""

    title = Str(max_length=LONGEST_TITLE)
    due_at = AwareDateTime(allow_none=True)
    done_at = AwareDateTime(allow_none=True, metadata={"description": "When it was done; null opens it again"})
    contact_id = Uuid(allow_none=True)
    opportunity_id = Uuid(allow_none=True)
    owner_id = Uuid()
    repeat_every_days = Int(minimum=1, maximum=366, allow_none=True)


class NextStepSchema(Schema):
    """What is to be done next: it becomes a task of the caller's."""

    title = Str(required=True, max_length=LONGEST_TITLE)
    due_at = AwareDateTime(load_default=None, allow_none=True)


class SnoozeSchema(Schema):
    """Until when nobody is reminded."""

    until = AwareDateTime(required=True)


class CompletionSchema(Schema):
    """When it was done; now, if nothing is said."""

    at = AwareDateTime(load_default=None, allow_none=True)


class TaskQuery(PageQuery):
    """Filters of the list of tasks."""

    account_id = Uuid(load_default=None)
    contact_id = Uuid(load_default=None)
    opportunity_id = Uuid(load_default=None)
    owner_id = Uuid(load_default=None)
    done = Bool(load_default=None)
    due_before = AwareDateTime(load_default=None)
