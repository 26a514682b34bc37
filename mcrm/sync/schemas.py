"""Wire shapes of offline sync; records are free objects here, each is judged by itself."""

from collections.abc import Mapping
from typing import Any

import marshmallow as ma
import orjson
from marshmallow import fields

from mcrm.api.coded import CodedErrors
from mcrm.api.fields import AwareDateTime, Bool, Enum, Int, List, Nested, Query, Schema, Str, Uuid, clean_text
from mcrm.api.formats import JsonObject
from mcrm.api.paging import PageQuery
from mcrm.sync.models import Applied, Choice, ConflictKind, ConflictState
from mcrm.sync.tables import TABLES

LARGEST_CURSOR = 2**53 - 1
PAGE, LARGEST_PAGE = 2000, 10_000
LISTS = ("created", "updated", "deleted")


class Cursor(Int):
    """The last `timestamp`; absent, empty, `null` and 0 all mean a first sync."""

    def __init__(self, **options: Any) -> None:
        """Takes the options of every field."""
        said = {"type": ["integer", "string"], "pattern": "^(null)?$"}  # the pattern is for what comes as text alone
        super().__init__(minimum=0, maximum=LARGEST_CURSOR, load_default=0, metadata=said, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> int:
        return super()._deserialize(0 if value in ("", "null") else value, attr, data, **options)


class Migration(CodedErrors, fields.Field[Any]):
    """The protocol's `migration`, JSON as text: the names of synced tables that the device's new schema adds or widens.

    Names that are not ours are left out: they come from the device.
    """

    default_error_messages = {"invalid": "Must be null or a migration of the sync protocol as JSON."}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> list[str]:
        if value in ("", "null"):
            return []
        try:
            migration = orjson.loads(value)
            added = list(migration.get("tables") or [])
            widened = [entry["table"] for entry in migration.get("columns") or []]
        except (ValueError, TypeError, KeyError, AttributeError):
            raise self.make_error("invalid") from None
        named = {name for name in (*added, *widened) if isinstance(name, str)}
        return [name for name in TABLES if name in named]


class PullQuery(Query):
    """Where the device stands."""

    last_pulled_at = Cursor()
    schema_version = Int(minimum=1, maximum=10**6, load_default=1)
    migration = Migration(load_default=list, metadata={"type": "string"})
    limit = Int(
        minimum=1, maximum=LARGEST_PAGE, load_default=PAGE, metadata={"description": "Changes to look at in this page"}
    )


class PushQuery(Query):
    """The cursor of the pull before."""

    last_pulled_at = Cursor()


class WaitQuery(Query):
    """The cursor of the last pull."""

    since = Cursor()


class Changes(CodedErrors, fields.Field[Any]):
    """`{table: {"created": [record], "updated": [record], "deleted": [id]}}`."""

    default_error_messages = {"invalid": "Must be an object of tables, each with lists of records."}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> Any:
        if not isinstance(value, dict) or not all(len(name) <= 64 and clean_text(name) for name in value):
            raise self.make_error("invalid")
        for table in value.values():
            if not isinstance(table, dict) or table.keys() - set(LISTS):
                raise self.make_error("invalid")
            if not all(isinstance(table.get(name, []), list) for name in LISTS):
                raise self.make_error("invalid")
            records = [*table.get("created", []), *table.get("updated", [])]
            if not all(isinstance(record, dict) for record in records):
                raise self.make_error("invalid")
        return value


class SyncPushSchema(Schema):
    """What a device did since its last push."""

    class Meta:
        """A newer client may say more than we read."""

        unknown = ma.EXCLUDE

    changes = Changes(required=True, metadata={"type": "object"})


class SyncPulledSchema(Schema):
    """What is new; live records always stand in `updated`."""

    changes = fields.Dict(required=True)
    timestamp = Int(required=True)
    has_more = Bool(required=True)
    experimentalStrategy = Str(metadata={"description": "`replacement`: this is all that the device should hold"})


class SyncRefusedSchema(Schema):
    """A record that was not taken, and why, for the rep."""

    table = Str(required=True)
    id = Str(required=True, min_length=0)
    code = Str(required=True)
    detail = Str(required=True, max_length=2000)


class SyncDecidedSchema(Schema):
    """A conflict as the push's answer tells it."""

    id = Uuid(required=True)
    table = Str(required=True)
    row_id = Uuid(required=True)
    kind = Enum(ConflictKind, required=True)
    mine = JsonObject(required=True, max_bytes=100_000)
    theirs = JsonObject(required=True, max_bytes=100_000)
    applied = Enum(Applied, required=True)


class SyncPushedSchema(Schema):
    """What became of a push."""

    timestamp = Int(required=True)
    experimentalRejectedIds = fields.Dict(required=True, attribute="rejected")
    errors = List(Nested(SyncRefusedSchema()), required=True, max_length=20_000)
    conflicts = List(Nested(SyncDecidedSchema()), required=True, max_length=20_000)


class SyncConflictSchema(SyncDecidedSchema):
    """A conflict in the inbox."""

    table = Str(required=True, attribute="table_name")
    created_at = AwareDateTime(required=True)
    user_id = Uuid(required=True)
    device_id = Str(required=True, allow_none=True, metadata={"description": "The device whose edit is `mine`."})
    state = Enum(ConflictState, required=True)
    choice = Str(required=True, allow_none=True)
    settled_at = AwareDateTime(required=True, allow_none=True)


class ConflictQuery(PageQuery):
    """Filters of the inbox."""

    state = Enum(ConflictState, load_default=None)


class SyncSettlementSchema(Schema):
    """Whose value shall stand."""

    choice = Enum(Choice, required=True)


class SyncDigestOfTableSchema(Schema):
    """How many rows, and the sum of their hashes as 16 hex digits."""

    count = Int(required=True)
    hash = Str(required=True)


class SyncDigestSchema(Schema):
    """What the caller should hold."""

    tables = fields.Dict(keys=Str(), values=Nested(SyncDigestOfTableSchema()), required=True)
    timestamp = Int(required=True)


class WireColumnSchema(Schema):
    """One column."""

    type = Str(required=True)
    optional = Bool(required=True)
    read_only = Bool(required=True)


class WireTableSchema(Schema):
    """One table."""

    columns = fields.Dict(keys=Str(), values=Nested(WireColumnSchema()), required=True)


class WireSchemaSchema(Schema):
    """The app's schema."""

    schema_version = Int(required=True)
    tables = fields.Dict(keys=Str(), values=Nested(WireTableSchema()), required=True)


class SyncWaitSchema(Schema):
    """Whether there is something new, and the newest cursor."""

    changed = Bool(required=True)
    timestamp = Int(required=True)
