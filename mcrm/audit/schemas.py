"""Wire shapes of the audit."""

from mcrm.api.fields import AwareDateTime, List, Schema, Str, Uuid
from mcrm.api.paging import PageQuery


class AuditEntrySchema(Schema):
    """One act: `actor` (`user:<id>`, `integration:<id>`, `system`) did `action`; `fields` are names, never values."""

    id = Uuid(required=True)
    actor = Str(required=True)
    action = Str(required=True)
    subject_type = Str(required=True, allow_none=True)
    subject_id = Uuid(required=True, allow_none=True)
    touched = List(Str(), required=True, data_key="fields", attribute="fields")
    request_id = Str(required=True, allow_none=True)
    created_at = AwareDateTime(required=True)


class AuditQuery(PageQuery):
    """Filters of the audit."""

    actor = Str(max_length=60, load_default=None)
    action = Str(max_length=60, load_default=None)
    subject_type = Str(max_length=40, load_default=None)
    subject_id = Uuid(load_default=None)
    request_id = Str(max_length=64, load_default=None)
    since = AwareDateTime(load_default=None)
    until = AwareDateTime(load_default=None)
