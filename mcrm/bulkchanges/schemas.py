"""Wire shapes of bulk changes."""

from mcrm.api.fields import AwareDateTime, Enum, Int, Schema, Str, Uuid
from mcrm.api.formats import JsonObject
from mcrm.bulkchanges.models import ChangeState


class BulkChangeInSchema(Schema):
    """The same change for every row that the filter finds; it is counted first and does nothing yet.

    What fits into `filter` and `set` hangs on the resource: a misfit is refused as `bulk-change.invalid`.
    """

    resource = Str(required=True, pattern="contacts|accounts|products")
    filter = JsonObject(required=True, metadata={"description": "As in the resource's list: q, account_id, …"})
    set = JsonObject(
        required=True,
        attribute="changes",
        metadata={"description": "As in a PATCH of the resource", "minProperties": 1},
    )


class BulkChangeSchema(Schema):
    """A bulk change: `matching` rows when it was counted, `done` of them decided."""

    id = Uuid(required=True)
    rev = Int(required=True)
    resource = Str(required=True)
    filter = JsonObject(required=True)
    set = JsonObject(required=True, attribute="changes")
    state = Enum(ChangeState, required=True)
    matching = Int(required=True)
    done = Int(required=True)
    counts = JsonObject(required=True)
    created_at = AwareDateTime(required=True)
    started_at = AwareDateTime(required=True, allow_none=True)
    finished_at = AwareDateTime(required=True, allow_none=True)


class BulkChangeRowSchema(Schema):
    """How one row ended."""

    subject_id = Uuid(required=True)
    outcome = Str(required=True)
    code = Str(required=True, min_length=0)
    detail = Str(required=True, min_length=0)
