"""The rules of one value: pure functions over a definition."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from mcrm.custom_fields.errors import NoSuchField, ValueInvalid, ValueMissing
from mcrm.custom_fields.models import FieldType

LONGEST_TEXT = 2000
SAFE_INTEGER = 2**53 - 1
ISO_DATE = re.compile(r"(19|20|21)\d{2}-\d{2}-\d{2}", re.ASCII)
NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,15})?", re.ASCII)
INTEGER = re.compile(r"-?\d{1,16}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Definition:
    """What a custom field takes."""

    name: str
    type: FieldType
    is_required: bool = False
    options: Sequence[str] = ()


def merged(
    definitions: Mapping[str, Definition], given: Mapping[str, Any], before: Mapping[str, Any] | None
) -> dict[str, Any]:
    """The values after a write: those given replace their namesakes, null takes one away, the others stay.

    `before` is None for a new row. Raises NoSuchField, ValueInvalid and ValueMissing, naming `custom.<name>`.
    """
    values = dict(before or {})
    for name, value in given.items():
        definition = definitions.get(name)
        if definition is None:
            raise NoSuchField(field=f"custom.{name}")
        if value is None:
            values.pop(name, None)
        else:
            values[name] = checked(definition, value)
    asked = (
        definitions.keys() if before is None else given.keys()
    )  # what an old row lacks is asked of nobody in passing
    for name in asked:
        if definitions[name].is_required and values.get(name) is None:
            raise ValueMissing(field=f"custom.{name}")
    return values


def checked(definition: Definition, value: Any) -> Any:
    """The value as it is stored; raises ValueInvalid, naming the field."""
    if not FITS[definition.type](definition, value):
        raise ValueInvalid(_wanted(definition), field=f"custom.{definition.name}")
    return sorted(set(value)) if definition.type is FieldType.MULTICHOICE else value


def read(definition: Definition, text: str) -> Any:
    """The value that a filter's text means; raises ValueInvalid. Of a multichoice: one of its options."""
    value: Any = text
    if definition.type is FieldType.BOOLEAN:
        value = {"true": True, "false": False}.get(text)
    elif definition.type is FieldType.INTEGER:
        value = int(text) if INTEGER.fullmatch(text) else None
    elif definition.type is FieldType.NUMBER:
        value = float(text) if NUMBER.fullmatch(text) else None
    elif definition.type is FieldType.MULTICHOICE:
        checked(definition, [text])
        return text
    return checked(definition, value)


def _wanted(definition: Definition) -> str:
    if definition.options:
        return (
            f"Must be {'some' if definition.type is FieldType.MULTICHOICE else 'one'} of {sorted(definition.options)}."
        )
    return f"Must be {WORDS[definition.type]}."


def _is_text(definition: Definition, value: Any) -> bool:
    return isinstance(value, str) and len(value) <= LONGEST_TEXT


def _is_integer(definition: Definition, value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) <= SAFE_INTEGER


def _is_number(definition: Definition, value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63


def _is_date(definition: Definition, value: Any) -> bool:
    if not isinstance(value, str) or not ISO_DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _are_options(definition: Definition, value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) and one in definition.options for one in value)


FITS: Mapping[FieldType, Callable[[Definition, Any], bool]] = {
    FieldType.STRING: _is_text,
    FieldType.NUMBER: _is_number,
    FieldType.INTEGER: _is_integer,
    FieldType.BOOLEAN: lambda definition, value: isinstance(value, bool),
    FieldType.DATE: _is_date,
    FieldType.CHOICE: lambda definition, value: isinstance(value, str) and value in definition.options,
    FieldType.MULTICHOICE: _are_options,
}
WORDS: Mapping[FieldType, str] = {
    FieldType.STRING: f"a text of at most {LONGEST_TEXT} characters",
    FieldType.NUMBER: "a number",
    FieldType.INTEGER: "a whole number",
    FieldType.BOOLEAN: "true or false",
    FieldType.DATE: "a date such as 2026-01-31",
    FieldType.CHOICE: "one of the options",
    FieldType.MULTICHOICE: "a list of options",
}
