"""Wire shapes of custom fields."""

from typing import Any

import marshmallow as ma

from mcrm.api.coded import Coded
from mcrm.api.fields import AwareDateTime, Bool, Enum, Int, List, Schema, Str, Uuid, clean_text
from mcrm.api.paging import PageQuery
from mcrm.custom_fields.models import FieldTable, FieldType

NAME = "[a-z][a-z0-9_]{0,39}"
PREFIX = "custom."
LONGEST_FILTER = 200


class CustomFieldSchema(Schema):
    """A field that the business added to a table."""

    id = Uuid(required=True)
    rev = Int(required=True)
    table = Enum(FieldTable, required=True, attribute="table_name")
    name = Str(required=True)
    type = Enum(FieldType, required=True)
    label = Str(required=True)
    is_required = Bool(required=True)
    options = List(Str(max_length=100), required=True)
    created_at = AwareDateTime(required=True)


class CustomFieldInSchema(Schema):
    """A new field; `options` are those of a choice or a multichoice."""

    table = Enum(FieldTable, required=True)
    name = Str(required=True, max_length=40, pattern=NAME)
    type = Enum(FieldType, required=True)
    label = Str(required=True, max_length=100)
    is_required = Bool(load_default=False)
    options = List(Str(max_length=100), load_default=list)


class CustomFieldChangeSchema(Schema):
    """What may change of a field; values of options that are gone stay where they are."""

    label = Str(max_length=100)
    is_required = Bool()
    options = List(Str(max_length=100))


class CustomFieldQuery(PageQuery):
    """Filters of the list of custom fields."""

    table = Enum(FieldTable, load_default=None)


class CustomFilters(PageQuery):
    """A list that is also filtered by `?custom.<name>=`; loaded as `custom`, texts by name."""

    @ma.pre_load
    def set_aside(self, data: dict[str, Any], **unused: Any) -> dict[str, Any]:
        """What the schema declares; the custom filters come back after loading, from the original."""
        return {name: value for name, value in data.items() if not name.startswith(PREFIX)}

    @ma.post_load(pass_original=True)
    def bring_back(self, data: dict[str, Any], original: dict[str, Any], **unused: Any) -> dict[str, Any]:
        """`custom.<name>` as the mapping `custom`; the names are checked against the definitions by the use case."""
        custom = {name.removeprefix(PREFIX): text for name, text in original.items() if name.startswith(PREFIX)}
        for name, text in custom.items():
            if not isinstance(text, str) or not clean_text(text) or len(text) > LONGEST_FILTER:
                raise ma.ValidationError({f"{PREFIX}{name}": [Coded("Is no text, too long, or unfit.", "invalid")]})
        return {**data, "custom": custom}
