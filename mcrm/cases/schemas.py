"""Wire shapes of cases."""

from mcrm.api.fields import AwareDateTime, Bool, Enum, Int, Schema, Str, Uuid
from mcrm.api.paging import PageQuery
from mcrm.cases.models import CaseState

LONGEST_SUMMARY = 2000
KIND = r"[a-z][a-z-]{0,39}"


class CaseSchema(Schema):
    """A case; `due_at` counts business hours, by kind."""

    id = Uuid(required=True)
    rev = Int(required=True)
    number = Str(required=True)
    kind = Str(required=True)
    state = Enum(CaseState, required=True)
    contact_id = Uuid(required=True, allow_none=True)
    contact_point_id = Uuid(required=True, allow_none=True)
    order_id = Uuid(required=True, allow_none=True)
    owner_id = Uuid(required=True, allow_none=True)
    summary = Str(required=True, max_length=LONGEST_SUMMARY)
    due_at = AwareDateTime(required=True, allow_none=True)
    closed_at = AwareDateTime(required=True, allow_none=True)
    created_at = AwareDateTime(required=True)
    updated_at = AwareDateTime(required=True)


class CaseInSchema(Schema):
    """A new case of a contact; without a due time it is due as its kind says."""

    kind = Str(required=True, max_length=40, pattern=KIND)
    summary = Str(required=True, max_length=LONGEST_SUMMARY)
    contact_id = Uuid(required=True)
    order_id = Uuid(load_default=None, allow_none=True)
    owner_id = Uuid(load_default=None, allow_none=True)
    due_at = AwareDateTime(load_default=None, allow_none=True)


class CaseChangeSchema(Schema):
    """What may change of a case; a closed one is opened again before anything else becomes of it."""

    kind = Str(max_length=40, pattern=KIND)
    summary = Str(max_length=LONGEST_SUMMARY)
    owner_id = Uuid(allow_none=True)
    due_at = AwareDateTime(allow_none=True)
    state = Enum(CaseState)


class CaseQuery(PageQuery):
    """Filters of the list of cases."""

    state = Enum(CaseState, load_default=None)
    kind = Str(load_default=None)
    owner_id = Uuid(load_default=None)
    contact_id = Uuid(load_default=None)
    order_id = Uuid(load_default=None)
    is_overdue = Bool(load_default=None)
