"""Messages that carry a stable code, so that a client need not read English."""

import re
from typing import Any

import marshmallow as ma
from marshmallow import validate


class Coded(str):
    """A sentence for people with a code for programs, e.g. `too_long`."""

    code: str

    def __new__(cls, message: str, code: str = "invalid") -> "Coded":
        """`message` is the sentence, `code` the stable word."""
        coded = super().__new__(cls, message)
        coded.code = code
        return coded


def code_of(message: object) -> str:
    """The code that a validation message carries; `invalid` for one that carries none."""
    return getattr(message, "code", "invalid")


class CodedErrors:
    """Mixed into a field: its errors carry the key under which their sentence stands."""

    def make_error(self, key: str, **facts: Any) -> ma.ValidationError:
        """The field's error of that key, its message coded."""
        error: ma.ValidationError = super().make_error(key, **facts)  # type: ignore[misc]
        error.messages = [Coded(str(message), key) for message in error.messages]
        return error


class Length(validate.Length):
    """Length in characters or items; refused with `too_short` or `too_long`."""

    def _format_error(self, value: Any, message: str) -> str:
        short = self.min is not None and len(value) < self.min
        return Coded(super()._format_error(value, message), "too_short" if short else "too_long")


class Range(validate.Range):
    """From the least to the greatest value; refused with `out_of_range`."""

    def _format_error(self, value: Any, message: str) -> str:
        return Coded(super()._format_error(value, message), "out_of_range")


class Pattern(validate.Regexp):
    """The whole text matches a regular expression; refused with `pattern`."""

    def __call__(self, value: Any) -> Any:
        """The text itself; raises ValidationError unless all of it matches (`$` alone allows a last newline)."""
        if not isinstance(value, str) or re.fullmatch(str(self.regex.pattern), value) is None:
            raise ma.ValidationError(Coded(self.error, "pattern"))
        return value
