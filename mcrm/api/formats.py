"""Fields with a meaning: phones, currencies, languages, places and addresses of the net, free objects."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import orjson
from marshmallow import fields

from mcrm import clock
from mcrm.api.coded import CodedErrors
from mcrm.api.fields import Str, clean_text, described
from mcrm.api.state import root

LANGUAGE_TAG = re.compile("([A-Za-z]{2,3})(-[A-Za-z]{4})?(-(?:[A-Za-z]{2}|[0-9]{3}))?")


REPR_HAS_EXPONENT = 1e16
EMAIL = r"[^@\s\x1c-\x1f\x85]+@[^@\s\x1c-\x1f\x85]+\.[^@\s.\x1c-\x1f\x85]+"
"""The characters named are blanks to Python alone; the description is read by others."""


class Phone(Str):
    """A phone number, loaded as E.164; a national one is read in `region`, by default the installation's."""

    default_error_messages = {"phone": "Must be a phone number, e.g. +447700900201."}

    def __init__(self, *, region: str | None = None, **options: Any) -> None:
        """`region`: two-letter country whose national numbers are understood."""
        self.region = region
        super().__init__(max_length=40, min_length=3, **described(options, format="phone"))

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> str:
        import phonenumbers  # late: its tables cost half a second and 20 MB

        text = super()._deserialize(value, attr, data, **options)
        try:
            number = phonenumbers.parse(text, self.region or root().default_region)
        except phonenumbers.NumberParseException:
            raise self.make_error("phone") from None
        if not phonenumbers.is_possible_number(number) or number.extension:
            raise self.make_error("phone")
        return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


class Currency(Str):
    """An ISO 4217 code in capitals."""

    default_error_messages = {"currency": "Must be an ISO 4217 code such as GBP."}

    def __init__(self, **options: Any) -> None:
        """Takes the options of every field."""
        super().__init__(max_length=3, min_length=3, pattern="[A-Z]{3}", **described(options, format="iso-4217"))

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> str:
        code = super()._deserialize(value, attr, data, **options)
        if code not in _currencies():
            raise self.make_error("currency")
        return code


class Locale(Str):
    """A BCP 47 tag of language, script and region, loaded in its usual spelling: `pt-br` becomes `pt-BR`."""

    default_error_messages = {"locale": "Must be a BCP 47 tag such as en or es-MX."}

    def __init__(self, **options: Any) -> None:
        """Takes the options of every field."""
        super().__init__(max_length=12, min_length=2, **described(options, pattern=f"^{LANGUAGE_TAG.pattern}$"))

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> str:
        tag = super()._deserialize(value, attr, data, **options)
        if not (match := LANGUAGE_TAG.fullmatch(tag)):
            raise self.make_error("locale")
        language, script, region = match.groups(default="")
        return language.lower() + script.title() + region.upper()


class TimeZone(Str):
    """An IANA time zone."""

    default_error_messages = {"timezone": "Must be an IANA time zone such as Europe/London."}

    def __init__(self, **options: Any) -> None:
        """Takes the options of every field."""
        super().__init__(max_length=60, **described(options, format="iana-time-zone"))

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> str:
        zone = super()._deserialize(value, attr, data, **options)
        if zone not in clock.zones():
            raise self.make_error("timezone")
        return zone


class Email(Str):
    """An e-mail address, loaded in lower case."""

    def __init__(self, **options: Any) -> None:
        """Takes the options of every field."""
        super().__init__(
            max_length=254, min_length=5, pattern=EMAIL, pattern_error="Must be an e-mail address.", **options
        )

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> str:
        return super()._deserialize(value, attr, data, **options).lower()


class Url(Str):
    """An absolute http or https URL in ASCII, without a user name."""

    default_error_messages = {"url": "Must be an absolute http or https URL."}

    def __init__(self, **options: Any) -> None:
        """Takes the options of every field."""
        super().__init__(max_length=2048, **described(options, format="uri", pattern="^https?://"))

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **options: Any) -> str:
        url = super()._deserialize(value, attr, data, **options)
        try:
            parts = urlsplit(url)
            good = parts.scheme in {"http", "https"} and bool(parts.hostname) and "@" not in parts.netloc
        except ValueError:
            good = False
        if not good or not url.isascii() or re.search(r"\s", url):
            raise self.make_error("url")
        return url


class JsonObject(CodedErrors, fields.Dict):
    """A free object of at most `max_bytes` as JSON: a proof, custom fields."""

    default_error_messages = {
        "invalid": "Must be an object.",
        "too_long": "Is too large.",
        "characters": "Must not contain NUL or half of a surrogate pair.",
    }

    def __init__(self, *, max_bytes: int = 10_000, **options: Any) -> None:
        """`max_bytes` counts the compact UTF-8 form."""
        self.max_bytes = max_bytes
        super().__init__(**options)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **options: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.make_error("invalid")
        if not all(map(clean_text, _texts(value))):
            raise self.make_error("characters")
        try:
            size = len(orjson.dumps(value))
        except TypeError:  # an integer beyond 64 bits
            raise self.make_error("invalid") from None
        if size > self.max_bytes:
            raise self.make_error("too_long")
        kept: dict[str, Any] = _as_stored(value)
        return kept


def _as_stored(value: Any) -> Any:
    """Numbers as both databases give them back: 1e16 is 10000000000000000 and -0.0 is 0.0, or digests would differ."""
    match value:
        case float() if abs(value) >= REPR_HAS_EXPONENT and abs(value) < 2**63:
            return int(value)
        case float():
            return value + 0.0
        case dict() as members:
            return {name: _as_stored(member) for name, member in members.items()}
        case list() as items:
            return [_as_stored(item) for item in items]
    return value


def _texts(value: Any) -> list[str]:
    """Every text within, keys and values; the parser has bounded the depth."""
    found: list[str] = []
    waiting = [value]
    while waiting:
        match waiting.pop():
            case str() as text:
                found.append(text)
            case dict() as members:
                waiting.extend(members)
                waiting.extend(members.values())
            case list() as items:
                waiting.extend(items)
    return found


@cache
def _currencies() -> frozenset[str]:
    from babel.numbers import list_currencies  # late: it reads a file

    return frozenset(list_currencies())
