"""Where texts may go: a list of countries, against codes asked for in bulk to dear numbers abroad (SMS pumping).

Process-wide, like the secret: `use()` at start, from MCRM_SMS_COUNTRIES. An empty list lets texts go everywhere.
"""

from functools import lru_cache

_allowed: frozenset[str] = frozenset()


def use(countries: frozenset[str]) -> None:
    """Set the countries (ISO 3166, two letters) to which this process may send texts."""
    global _allowed
    _allowed = countries


def may_text(number: str) -> bool:
    """Whether an E.164 number belongs to a country on the list."""
    return not _allowed or country_of(number) in _allowed


@lru_cache(maxsize=4096)
def country_of(number: str) -> str | None:
    """The country of a number; of its country code alone where the range is not assigned; None when nothing is known.

    Countries share codes (+1 is the United States, Canada and most of the Caribbean): the range tells them apart.
    """
    import phonenumbers  # 48 MB of metadata: only an installation with a list pays for it

    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return None
    exact = phonenumbers.region_code_for_number(parsed)
    return str(exact or phonenumbers.region_code_for_country_code(parsed.country_code or 0))
