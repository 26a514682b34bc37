"""Wire shapes of run-time settings."""

from collections.abc import Mapping
from typing import Any

from marshmallow import fields as plain

from mcrm.api.coded import CodedErrors
from mcrm.api.fields import AwareDateTime, Enum, Int, List, Nested, Schema, Str, clean_text
from mcrm.api.paging import Whole
from mcrm.settings_store.catalogue import SettingType

TYPES = {"type": ["string", "integer", "boolean"]}


class Scalar(CodedErrors, plain.Raw):
    """A text, a whole number or a truth value; which of them, the setting says."""

    default_error_messages = {"invalid": "Must be a text, a whole number, or true or false."}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> Any:
        if not isinstance(value, str | int) or (isinstance(value, str) and not clean_text(value)):
            raise self.make_error("invalid")
        return value


class SettingSchema(Schema):
    """One setting as it holds now: `rev` is 0, and nobody's name stands there, while it is at its default."""

    name = Str(required=True)
    type = Enum(SettingType, required=True)
    value = Scalar(required=True, allow_none=True, metadata=TYPES)
    default = Scalar(required=True, allow_none=True, metadata=TYPES)
    meaning = Str(required=True)
    rev = Int(required=True)
    changed_by = Str(required=True, allow_none=True)
    updated_at = AwareDateTime(required=True, allow_none=True)


class SettingsSchema(Whole):
    """All settings."""

    items = List(Nested(SettingSchema()), required=True)


class SettingInSchema(Schema):
    """A new value."""

    value = Scalar(required=True, metadata=TYPES)
