"""From the text of a cell to a value, and back to text that no spreadsheet takes for a formula."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import marshmallow as ma
from marshmallow import fields as wire

from mcrm.api.coded import code_of
from mcrm.bulk.errors import RowUnfit
from mcrm.db import canonical
from mcrm.orders.rows import FORMULA, IN_THOUSANDTHS, WITHOUT_PARTS

TRUE, FALSE = frozenset({"true", "yes", "1", "y", "x"}), frozenset({"false", "no", "0", "n"})
WHOLE = re.compile(r"[+-]?\d{1,12}(\.0+)?", re.ASCII)
DECIMAL = re.compile(r"[+-]?\d{1,13}(\.\d{1,6})?", re.ASCII)
LONGEST_CELL = 10_000


@dataclass(frozen=True, slots=True)
class Reading:
    """How the cells of one file are to be read: the mark before decimals, and whose national numbers are meant."""

    decimal: str = "."
    region: str = "GB"


Parse = Callable[[str, Reading], Any]


def safe(text: str) -> str:
    """The text with an apostrophe before what a spreadsheet would take for a formula; `plain` takes it off."""
    return f"'{text}" if text.lstrip("'").startswith(FORMULA) else text


def checked(field: wire.Field[Any]) -> Parse:
    """Text as the API's own field takes it: one rule for both doors."""

    def parse(text: str, reading: Reading) -> Any:
        try:
            return field.deserialize(text)
        except ma.ValidationError as error:
            message = error.messages[0] if isinstance(error.messages, list) else "Is not valid."
            raise unfit(str(message), code_of(message)) from None

    return parse


def whole(lowest: int, highest: int) -> Parse:
    """A whole number; `12.0`, as spreadsheets write it, is one."""

    def parse(text: str, reading: Reading) -> int:
        figure = _figure(text, reading)
        if not WHOLE.fullmatch(figure):
            raise unfit("Must be a whole number.")
        if not lowest <= (value := int(figure.partition(".")[0])) <= highest:
            raise unfit(f"Must be from {lowest} to {highest}.", "out_of_range")
        return value

    return parse


def amount(text: str, reading: Reading) -> Decimal:
    """An amount of money in whole units with decimals, not below zero."""
    figure = _figure(text, reading)
    if not DECIMAL.fullmatch(figure) or figure.startswith("-"):
        raise unfit("Must be an amount such as 12.50.")
    return Decimal(figure)


def minor(value: Decimal, currency: str) -> int:
    """Minor units of the currency; raises RowUnfit for more decimals than it has."""
    scaled = value.scaleb(_decimals(currency))
    if scaled != (rounded := scaled.quantize(Decimal(1), ROUND_HALF_UP)):
        raise unfit(f"{currency} has no such fraction.")
    return int(rounded)


def major(value: int, currency: str) -> str:
    """Minor units as a decimal number, as many decimals as the currency has."""
    return format(Decimal(value).scaleb(-_decimals(currency)), "f")


def _decimals(currency: str) -> int:
    return 0 if currency in WITHOUT_PARTS.split() else 3 if currency in IN_THOUSANDTHS.split() else 2


def yes_or_no(text: str, reading: Reading) -> bool:
    """true, yes, y, x, 1, or false, no, n, 0; in any case."""
    word = text.lower()
    if word not in TRUE | FALSE:
        raise unfit("Must be true or false.")
    return word in TRUE


def members(text: str, reading: Reading) -> dict[str, Any]:
    """A JSON object, as an export writes free fields."""
    try:
        value = json.loads(text)
        canonical(value)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise unfit("Must be a JSON object.")
    return value


def several(one: Parse) -> Parse:
    """Several of a kind, separated by semicolons; none twice."""

    def parse(text: str, reading: Reading) -> tuple[Any, ...]:
        return tuple(dict.fromkeys(one(part.strip(), reading) for part in text.split(";") if part.strip()))

    return parse


def unfit(detail: str, code: str = "invalid") -> RowUnfit:
    """The error of a cell; `code` says what kind."""
    error = RowUnfit(detail)
    error.code = f"import.{code.replace('_', '-')}"
    return error


def _figure(text: str, reading: Reading) -> str:
    """The number as Python writes it: marks of thousands gone, a point before the decimals.

    A mark that stands where no thousands are is refused: read leniently, `12,50` would become 1250.
    """
    figure = re.sub(r"[\s\u00a0\u202f]", "", text)
    if match := GROUPED[reading.decimal].fullmatch(figure):
        sign, digits, decimals = match.groups(default="")
        return sign + re.sub(r"\D", "", digits) + (f".{decimals}" if decimals else "")
    raise unfit("Must be a number.")


GROUPED = {
    ".": re.compile(r"([+-]?)(\d{1,3}(?:[,']\d{3})+|\d+)(?:\.(\d+))?", re.ASCII),
    ",": re.compile(r"([+-]?)(\d{1,3}(?:[.']\d{3})+|\d+)(?:,(\d+))?", re.ASCII),
}
