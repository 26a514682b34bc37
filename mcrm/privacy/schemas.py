"""Wire shapes of copies and of being forgotten."""

from mcrm.api.fields import AwareDateTime, Enum, Int, List, Nested, Schema, Str, Uuid
from mcrm.api.paging import PageQuery
from mcrm.privacy.models import CopyState, ErasureState
from mcrm.privacy.settling import Unsettled


class DataCopySchema(Schema):
    """A copy of everything held of you, of `size` bytes. `link` opens it for a day; only fresh sign-ins see it."""

    id = Uuid(required=True)
    state = Enum(CopyState, required=True)
    created_at = AwareDateTime(required=True)
    ready_at = AwareDateTime(required=True, allow_none=True)
    expires_at = AwareDateTime(required=True, allow_none=True)
    size = Int(required=True, allow_none=True)
    link = Str(required=True, allow_none=True, max_length=2000)


class DeletionInSchema(Schema):
    """Asked for the first time without a confirmation; the second time with the one that was answered."""

    confirmation = Str(load_default=None, allow_none=True, max_length=200)


class DeletionSchema(Schema):
    """Where your deletion stands. `state` is null while it is only asked back: say it again with `confirmation`.

    `due_at` is when it begins; what `waits_for` names is settled first.
    """

    state = Enum(ErasureState, required=True, allow_none=True)
    confirmation = Str(required=True, allow_none=True)
    due_at = AwareDateTime(required=True)
    waits_for = List(Enum(Unsettled), required=True)
    ended_at = AwareDateTime(required=True, allow_none=True)


class KeptSchema(Schema):
    """Rows of one table that stay, and why."""

    what = Str(required=True)
    rows = Int(required=True)
    why = Str(required=True)


class ErasureSchema(Schema):
    """A wish to be forgotten, without anything that tells whose it was."""

    id = Uuid(required=True)
    contact_id = Uuid(required=True)
    state = Enum(ErasureState, required=True)
    asked_by = Str(required=True)
    created_at = AwareDateTime(required=True)
    due_at = AwareDateTime(required=True)
    waits_for = List(Enum(Unsettled), required=True)
    ended_at = AwareDateTime(required=True, allow_none=True)
    ended_by = Str(required=True, allow_none=True)


class FullErasureSchema(ErasureSchema):
    """With the report of what was kept and why, once it is done."""

    report = List(Nested(KeptSchema()), required=True)


class ErasureQuery(PageQuery):
    """Filters of the wishes."""

    state = Enum(ErasureState, load_default=None)
