"""What answers a question: a reader per slot type turns the customer's words into a value, or says that they do not."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bots.catalogue import Catalogue
from bots.talk import Option, Ports
from mcrm import quiet
from mcrm.addresses.countries import spelt
from mcrm.api.formats import EMAIL
from mcrm.contacts.errors import AddressInvalid
from mcrm.contacts.points import normalise
from mcrm.errors import DomainError

LONGEST = 500
LONGEST_NAME = 200
MOST_PIECES = 999
HOUSE_NUMBER = re.compile(r"\d+[a-z]?\b", re.IGNORECASE)
OFF = "off"
TIME = re.compile(r"(\d{1,2})(?::(\d\d))? ?(am|pm)?h?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a reader may look at besides the answer: the language's words, what stands here, what can be chosen.

    `old` is the answer that this one corrects.
    """

    words: Catalogue
    ports: Ports
    options: tuple[Option, ...] = ()
    old: str | None = None


def plain_words(text: str) -> str:
    """Lower case, words only, single spaces."""
    return " ".join(re.sub(r"[^\w\s]", " ", text.casefold()).split())


def _order(text: str, asked: Asked) -> str | None:
    return asked.ports.own_number(text)


def _choice(text: str, asked: Asked) -> str | None:
    options, mail = asked.options, asked.words.one_word_for_mail
    said, called = mail(plain_words(text)), {option.value: mail(option.words) for option in options}
    found = [value for value, name in called.items() if said and said in (plain_words(value), name)]
    if not found and len(said) > 3:
        found = [value for value, name in called.items() if said in name]
    if not found:
        found = [option.value for option in options if option.also & set(said.split())]
    return found[0] if len(found) == 1 else None


def chosen_in(sentence: str, options: tuple[Option, ...], words: Catalogue) -> str | None:
    """The one option that a sentence names by a word which no other has: “change my email” wants the mail address."""
    mail = words.one_word_for_mail
    said = set(mail(plain_words(sentence)).split())
    called = {option.value: set(mail(option.words).split()) for option in options}
    own = {
        value: names.difference(*(others for other, others in called.items() if other != value))
        for value, names in called.items()
    }
    found = [value for value, names in own.items() if names & said]
    return found[0] if len(found) == 1 else None


def _text(text: str, asked: Asked) -> str | None:
    return text.strip()[:LONGEST] if re.search(r"\w\w", text) else None


def _name(text: str, asked: Asked) -> str | None:
    """One line: a name stands in letters and on labels."""
    text = " ".join(text.split())[:LONGEST_NAME].strip()
    return text if re.search(r"\w\w", text) else None


def _street(text: str, asked: Asked) -> str | None:
    """One line; a house number alone corrects the number of what was said before."""
    text = " ".join(text.split()).strip(" .,")[:120]
    if asked.old and HOUSE_NUMBER.fullmatch(text):
        return HOUSE_NUMBER.sub(text, asked.old, count=1)
    return text if re.search(r"[^\W\d_]{2}", text) and re.search(r"\d|\s", text) else None


def address_in(text: str, asked: Asked) -> dict[str, str]:
    """The parts of an address that is written whole: “12 High Street, Bristol BS1 4DJ”; empty when it is not.

    The postcode stands at the end or between commas; the town is what stands alone between the street and it, or after.
    """
    parts = [part.strip() for part in text.replace("\n", ",").split(",") if part.strip()]
    if len(parts) < 2 or _street(parts[0], asked) is None:
        return {}
    town: list[str] = []
    found = ""
    for part in parts[1:]:
        pieces = part.split()
        for size in range(min(2, len(pieces)), 0, -1):
            if not found and (code := _postcode(" ".join(pieces[-size:]), asked)) is not None:
                found, pieces = code, pieces[:-size]
                break
        town += [" ".join(pieces)] if pieces else []
    if not found or len(town) > 1 or (town and _city(town[0], asked) is None):
        return {}
    return {"street": parts[0], "postcode": found} | ({"city": town[0]} if town else {})


def _city(text: str, asked: Asked) -> str | None:
    text = " ".join(text.split()).strip(" .,")
    return text[:80] if re.fullmatch(r"[^\W\d_][^\d_]{1,79}", text) else None


def _postcode(text: str, asked: Asked) -> str | None:
    try:
        return spelt(asked.ports.region, text.strip(" .,"))
    except DomainError:
        return None


def _quantity(text: str, asked: Asked) -> str | None:
    said = plain_words(text)
    if said in asked.words.answers["none-of-it"]:
        return "0"
    found = asked.words.quantity.fullmatch(said)
    return str(int(found["count"])) if found and 1 <= int(found["count"]) <= MOST_PIECES else None


def _phone(text: str, asked: Asked) -> str | None:
    if len(re.sub(r"\D", "", text)) < 7:
        return None
    try:
        return normalise("sms", text, region=asked.ports.region)
    except AddressInvalid:
        return None


def _mail(text: str, asked: Asked) -> str | None:
    """The one mail address in what was said."""
    found = {part.strip(".,;:<>()\"'") for part in text.split() if "@" in part}
    if len(found) != 1 or not re.fullmatch(EMAIL, address := found.pop()):
        return None
    try:
        return normalise("email", address)
    except AddressInvalid:
        return None


def _night(text: str, asked: Asked) -> str | None:
    """Two times of the day as `21:00-08:00`; `off` for none."""
    said = " ".join(text.casefold().replace(".", ":").split()).strip(" :!")
    if said in asked.words.answers["no-night"]:
        return OFF
    for half, ways in (("am", asked.words.morning), ("pm", asked.words.evening)):
        said = ways.sub(half, said)
    found = asked.words.night.fullmatch(said)
    if found is None:
        return None
    begins, ends = (TIME.fullmatch(found[name]) for name in ("begins", "ends"))
    if begins is None or ends is None:
        return None
    try:
        return str(quiet.read(f"{_time_of_day(*begins.groups())}-{_time_of_day(*ends.groups())}"))
    except ValueError:
        return None


def _time_of_day(hour: str, minute: str | None, half: str | None) -> str:
    """`9`, None, `pm` is 21:00; hours that no clock shows stay as they are."""
    hours = int(hour)
    if half is not None and 1 <= hours <= 12:
        hours = hours % 12 + (12 if half == "pm" else 0)
    return f"{hours:02d}:{minute or '00'}"


def _code(text: str, asked: Asked) -> str | None:
    return re.sub(r"\D", "", text) if re.fullmatch(r"\s*\d(?:[ -]?\d){5}\s*\.?", text, re.ASCII) else None


READERS: Mapping[str, Callable[[str, Asked], str | None]] = {
    "order": _order,
    "choice": _choice,
    "product": _choice,
    "text": _text,
    "name": _name,
    "street": _street,
    "city": _city,
    "postcode": _postcode,
    "quantity": _quantity,
    "night": _night,
    "phone": _phone,
    "mail": _mail,
    "code": _code,
}
OWN_WORDS = frozenset({"text", "name", "street", "city"})
"""Types that nearly any sentence could answer."""


def read(kind: str, text: str, asked: Asked) -> str | None:
    """The value that these words stand for, None when they answer nothing."""
    return READERS[kind](text, asked)
