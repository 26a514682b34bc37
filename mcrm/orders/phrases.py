"""What a customer is told about an order, outside of a dialogue."""

from datetime import date

from babel import Locale, UnknownLocaleError
from babel.dates import format_date

ON_ITS_WAY = "Order {number} is on its way{carrier}{expected}."
PART_ON_ITS_WAY = "A part of order {number} is on its way{carrier}{expected}."
OUT_FOR_DELIVERY = "Order {number} is out for delivery today."
DELIVERED = "Order {number} has been delivered."


def day(on: date, locale: str | None) -> str:
    """A day as people say it, without the year: 2 January, January 2 in the United States."""
    try:
        known = Locale.parse((locale or "en-GB").replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        known = Locale.parse("en_GB")
    if known.language == "en" and known.territory != "US":
        return f"{on.day} {format_date(on, 'MMMM', locale=known)}"
    return str(format_date(on, "MMMM d" if known.territory == "US" else "d MMMM", locale=known))


def on_its_way(number: str, carrier: str, expected_on: date | None, locale: str | None) -> str:
    """The news that all of an order left."""
    return _left(ON_ITS_WAY, number, carrier, expected_on, locale)


def part_on_its_way(number: str, carrier: str, expected_on: date | None, locale: str | None) -> str:
    """The news of a shipment that holds a part of an order."""
    return _left(PART_ON_ITS_WAY, number, carrier, expected_on, locale)


def _left(words: str, number: str, carrier: str, expected_on: date | None, locale: str | None) -> str:
    return words.format(
        number=number,
        carrier=f" with {carrier}" if carrier else "",
        expected=f", expected on {day(expected_on, locale)}" if expected_on else "",
    )
