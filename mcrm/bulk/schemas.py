"""Wire shapes of imports and exports."""

from marshmallow import fields as wire
from marshmallow import validate

from mcrm.api.fields import AwareDateTime, Bool, Enum, Int, List, Query, Schema, Str, Uuid
from mcrm.api.formats import JsonObject
from mcrm.api.paging import PageQuery
from mcrm.bulk.models import ImportState, Outcome
from mcrm.bulk.service import MODES
from mcrm.bulk.sheets import LONGEST_NAME, MOST_COLUMNS

KINDS = "contacts|products|prices|stock"


class Mapping(wire.Dict):
    """Column to field."""

    def __init__(self, **options: object) -> None:
        """Takes the options of every field."""
        column, name = Str(max_length=LONGEST_NAME), Str(max_length=40)
        super().__init__(keys=column, values=name, validate=validate.Length(max=MOST_COLUMNS), **options)  # type: ignore[arg-type]


class UploadQuery(Query):
    """What the body is: rows of which resource; a saved mapping may be named."""

    resource = Str(required=True, pattern=KINDS, pattern_error=f"Must be one of {KINDS}.")
    file_name = Str(max_length=200, load_default="upload")
    delimiter = Str(max_length=1, load_default=None, metadata={"description": "Found out if absent"})
    mapping_name = Str(max_length=100, load_default=None)


class ImportSchema(Schema):
    """A file and what becomes of it; `counts` holds rows by outcome, `done` of `rows` are decided."""

    id = Uuid(required=True)
    rev = Int(required=True)
    resource = Str(required=True)
    file_name = Str(required=True)
    format = Str(required=True)
    encoding = Str(required=True)
    delimiter = Str(required=True)
    decimal = Str(required=True)
    header = List(Str(max_length=LONGEST_NAME), required=True, max_length=MOST_COLUMNS)
    sample = List(List(Str(min_length=0, max_length=10_000), max_length=MOST_COLUMNS), required=True)
    mapping = Mapping(required=True)
    mode = Str(required=True)
    match = Str(required=True)
    dry_run = Bool(required=True, attribute="is_dry_run")
    state = Enum(ImportState, required=True)
    rows = Int(required=True, allow_none=True)
    done = Int(required=True)
    counts = JsonObject(required=True)
    failure = Str(required=True, allow_none=True)
    created_at = AwareDateTime(required=True)
    started_at = AwareDateTime(required=True, allow_none=True)
    finished_at = AwareDateTime(required=True, allow_none=True)


class RunSchema(Schema):
    """How to run it; what is absent stays as it was suggested or said before."""

    dry_run = Bool(required=True)
    mapping = Mapping()
    mode = Str(pattern="|".join(MODES), max_length=6)
    match = Str(pattern="any|number|phone|email|code|product", max_length=10)
    decimal = Str(pattern="[.,]", max_length=1)
    save_as = Str(max_length=100, metadata={"description": "Keep the mapping under this name"})


class ImportQuery(PageQuery):
    """Filters of the list of imports."""

    resource = Str(pattern=KINDS, load_default=None)


class ImportRowSchema(Schema):
    """The verdict on one row; `row` is its line in the file."""

    row = Int(required=True)
    outcome = Enum(Outcome, required=True)
    code = Str(required=True, min_length=0)
    field = Str(required=True, min_length=0)
    detail = Str(required=True, min_length=0)
    subject_id = Uuid(required=True, allow_none=True)
    undone = Str(required=True, allow_none=True)


class ImportRowQuery(PageQuery):
    """Which verdicts."""

    outcome = Enum(Outcome, load_default=None)


class ImportMappingSchema(Schema):
    """A mapping kept under a name."""

    id = Uuid(required=True)
    resource = Str(required=True)
    name = Str(required=True)
    mapping = Mapping(required=True)
    owner = Str(
        required=True, allow_none=True, metadata={"description": "Who saved it: `user:<id>`; managers change all"}
    )
