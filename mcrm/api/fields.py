"""The fields of the wire. What plain ones let through, these refuse: NUL, half surrogate pairs, 10^30, "5" for 5."""

import enum
import math
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar
from uuid import UUID

import marshmallow as ma
from marshmallow import fields

from mcrm.api.coded import Coded, CodedErrors, Length, Pattern, Range

SAFE_INTEGER = 2**53 - 1
"""The largest integer that JavaScript, SQLite and PostgreSQL's bigint all hold exactly."""

RFC_3339 = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)
ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
YEARS = range(1900, 2200)
IN_YEARS = "^(19|2[01])[0-9]{2}-"
"""`YEARS` as the description of the API says it."""


class Schema(ma.Schema):
    """The base of every wire shape: unknown members are refused; `load` and `dump` are called on instances.

    `either`: exactly one of these members is there; the value says what then holds for other members, in JSON Schema.
    The description shows one shape for each of them.
    """

    from_text: ClassVar[bool] = False
    either: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    error_messages = {
        "unknown": Coded("Unknown field.", "unknown"),
        "type": Coded("Must be an object.", "type"),
    }

    class Meta:
        """What holds for every shape."""

        unknown = ma.RAISE

    def __deepcopy__(self, memo: object) -> "Schema":
        """Itself: nobody changes an instance, and a quarter of every start went into copies of documented ones."""
        return self


class Query(Schema):
    """The base of query parameters: numbers and booleans arrive as text."""

    from_text: ClassVar[bool] = True


def clean_text(value: str) -> bool:
    """Whether both databases can store a text: no NUL, and no half of a surrogate pair."""
    if "\0" in value:
        return False
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


class Str(CodedErrors, fields.String):
    """Text of `min_length` to `max_length` characters that every database can store; `pattern` matches all of it."""

    default_error_messages = {
        "invalid": "Must be a text.",
        "characters": "Must not contain NUL or half of a surrogate pair.",
    }

    def __init__(
        self,
        *,
        max_length: int = 200,
        min_length: int = 1,
        pattern: str | None = None,
        pattern_error: str = "Has not the expected form.",
        **options: Any,
    ) -> None:
        """Lengths are in characters; `pattern_error` is the sentence for people when `pattern` does not match."""
        checks: list[Any] = [Length(min=min_length, max=max_length)]
        if pattern is not None:
            checks.append(Pattern(f"^(?:{pattern})$", error=pattern_error))
        super().__init__(validate=[*checks, *_given_checks(options)], **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        if not clean_text(value):
            raise self.make_error("characters")
        return value


class Int(CodedErrors, fields.Integer):
    """A whole number within `minimum` and `maximum`; 5.0 is one (JSON Schema says so), "5", true and 5.7 are not."""

    default_error_messages = {"invalid": "Must be a whole number."}

    def __init__(self, *, minimum: int = -SAFE_INTEGER, maximum: int = SAFE_INTEGER, **options: Any) -> None:
        """Both bounds belong to the range."""
        super().__init__(validate=[Range(min=minimum, max=maximum), *_given_checks(options)], **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> int:
        if isinstance(value, str) and _from_text(self) and re.fullmatch(r"-?[0-9]{1,16}", value):
            return int(value)
        if isinstance(value, float) and value.is_integer():
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.make_error("invalid")
        return value


class Money(Int):
    """An amount in minor units of the currency beside it (pence, yen, thousandths of a dinar)."""

    def __init__(self, *, minimum: int = 0, maximum: int = 10**12, **options: Any) -> None:
        """`minimum` is below zero where credit is meant."""
        super().__init__(minimum=minimum, maximum=maximum, **options)


class Number(CodedErrors, fields.Float):
    """A finite number within `minimum` and `maximum`: a latitude, a share."""

    default_error_messages = {"invalid": "Must be a number."}

    def __init__(self, *, minimum: float, maximum: float, **options: Any) -> None:
        """Both bounds belong to the range."""
        super().__init__(validate=[Range(min=minimum, max=maximum), *_given_checks(options)], **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> float:
        if isinstance(value, str) and _from_text(self) and re.fullmatch(r"-?[0-9]{1,15}(\.[0-9]{1,15})?", value):
            return float(value)
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.make_error("invalid")
        return float(value)


class Bool(CodedErrors, fields.Boolean):
    """true or false, nothing that looks like it; in a query the words `true` and `false`."""

    default_error_messages = {"invalid": "Must be true or false."}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> bool:
        if _from_text(self) and value in {"true", "false"}:
            return bool(value == "true")
        if not isinstance(value, bool):
            raise self.make_error("invalid")
        return value


class AwareDateTime(CodedErrors, fields.DateTime):
    """An instant, RFC 3339 with its offset, in the years 1900 to 2199; always dumped in UTC with `Z`."""

    default_error_messages = {"invalid": "Must be an RFC 3339 date-time with an offset, in the years 1900 to 2199."}

    def __init__(self, **options: Any) -> None:
        """Takes the options of every field."""
        super().__init__(**described(options, pattern=IN_YEARS))

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> datetime:
        if not isinstance(value, str) or not RFC_3339.fullmatch(value):
            raise self.make_error("invalid", input=value)
        try:
            instant = datetime.fromisoformat(value.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            raise self.make_error("invalid", input=value) from None
        if instant.year not in YEARS:
            raise self.make_error("invalid", input=value)
        return instant

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **options: Any) -> str | None:
        return None if value is None else instant_text(value)


def instant_text(value: datetime) -> str:
    """RFC 3339 in UTC with `Z`; a naive time, as SQLite may return it, is UTC."""
    instant = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    return instant.isoformat().replace("+00:00", "Z")


class Date(CodedErrors, fields.Date):
    """A calendar date, `YYYY-MM-DD`, in the years 1900 to 2199."""

    default_error_messages = {"invalid": "Must be a date such as 2026-01-31, in the years 1900 to 2199."}

    def __init__(self, **options: Any) -> None:
        """Takes the options of every field."""
        super().__init__(**described(options, pattern=IN_YEARS))

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> date:
        try:
            if (
                isinstance(value, str)
                and ISO_DATE.fullmatch(value)
                and (day := date.fromisoformat(value)).year in YEARS
            ):
                return day
        except ValueError:
            raise self.make_error("invalid", input=value) from None
        raise self.make_error("invalid", input=value)


class Uuid(CodedErrors, fields.UUID):
    """An id, 36 characters; dumped in lower case."""

    default_error_messages = {"invalid_uuid": "Must be a UUID of 36 characters."}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> UUID:
        if not isinstance(value, str) or not UUID_TEXT.fullmatch(value):
            raise self.make_error("invalid_uuid")
        return UUID(value)


class Enum(CodedErrors, fields.Enum[enum.Enum]):
    """One of the values of a StrEnum."""

    def __init__(self, values: type[enum.StrEnum], **options: Any) -> None:
        """`values`: the StrEnum; its values travel, never its names."""
        super().__init__(values, by_value=Str(), **options)

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> Any:
        try:
            return self.enum(value if isinstance(value, str) else None)
        except ValueError:
            raise self.make_error("unknown", choices=self.choices_text) from None

    def _serialize(self, value: Any, attr: str | None, obj: Any, **options: Any) -> Any:
        return None if value is None else str(getattr(value, "value", value))


class Nested(CodedErrors, fields.Nested):
    """A shape within a shape; takes an instance, or a lambda that makes one where shapes refer to each other."""


class List(CodedErrors, fields.List[Any]):
    """Several of one kind, `min_length` to `max_length` of them."""

    default_error_messages = {"invalid": "Must be a list."}

    def __init__(self, inner: fields.Field[Any], *, max_length: int = 100, min_length: int = 0, **options: Any) -> None:
        """`inner` is the field of one item, an instance."""
        super().__init__(inner, validate=[Length(min=min_length, max=max_length), *_given_checks(options)], **options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> list[Any]:
        if not isinstance(value, list):
            raise self.make_error("invalid")
        for check in self.validators:  # before the items are looked at: a million of them shall cost nothing
            check(value)
        return super()._deserialize(value, attr, data, **options)


def described(options: dict[str, Any], **words: str) -> dict[str, Any]:
    """The options of a field that says so much more about itself in the description; what the caller says wins."""
    return options | {"metadata": words | options.get("metadata", {})}


def _from_text(field: fields.Field[Any]) -> bool:
    return getattr(field.root, "from_text", False)


def _given_checks(options: dict[str, Any]) -> list[Any]:
    """The `validate` of the caller, taken out of the options: it comes after the field's own checks."""
    given = options.pop("validate", None) or []
    return list(given) if isinstance(given, list | tuple) else [given]
