"""What answers a question: a reader per slot type turns the customer's words into a value, or says that they do not."""

import re
from collections.abc import Callable, Mapping

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
NO_NIGHT = frozenset({"off", "none", "no quiet hours", "never", "no", "ninguna", "nunca", "apagar"})
TIME = r"(\d{1,2})(?::(\d\d))? ?(am|pm)?h?"
NIGHT = re.compile(
    rf"(?:hours )?(?:from |between |de |desde )?{TIME} ?(?:-|–|to|until|till|and|a|hasta) ?(?:las )?{TIME}", re.ASCII
)
HALF_OF_DAY = ((re.compile(r" ?\bin the morning\b"), "am"), (re.compile(r" ?\b(?:in the evening|at night)\b"), "pm"))
NONE_OF_IT = frozenset(
    {
        "0",
        "none",
        "remove",
        "remove it",
        "drop it",
        "zero",
        "quitar",
        "quítalo",
        "quitalo",
        "ninguno",
        "ninguna",
        "cero",
    }
)
QUANTITY = re.compile(
    r"(?:(?:i|id|ill|d|ll|want|need|like|would|take|have|get|give me|make|it|that|to|change|just|only"
    r"|quiero|mejor|que sean|ponme|pon|solo) )*?"
    r"(\d{1,3})"
    r"(?: (?:of|them|those|pieces?|times|x|bags?|packs?|boxes|instead|please|pls|thanks"
    r"|unidades|piezas|veces|bolsas?|por favor))*",
    re.ASCII,
)
E_MAIL = re.compile(r"\be ?mail\b")


def plain_words(text: str) -> str:
    """Lower case, words only, single spaces."""
    return " ".join(re.sub(r"[^\w\s]", " ", text.casefold()).split())


def _order(text: str, old: str | None, ports: Ports, options: tuple[Option, ...]) -> str | None:
    return ports.own_number(text)


def _choice(text: str, old: str | None, ports: Ports, options: tuple[Option, ...]) -> str | None:
    said = E_MAIL.sub("mail", plain_words(text))
    called = {option.value: E_MAIL.sub("mail", option.words) for option in options}
    found = [value for value, name in called.items() if said and said in (plain_words(value), name)]
    if not found and len(said) > 3:
        found = [value for value, name in called.items() if said in name]
    if not found:
        found = [option.value for option in options if option.also & set(said.split())]
    return found[0] if len(found) == 1 else None


def chosen_in(sentence: str, options: tuple[Option, ...]) -> str | None:
    """The one option that a sentence names by a word which no other has: “change my email” wants the mail address."""
    said = set(E_MAIL.sub("mail", plain_words(sentence)).split())
    called = {option.value: set(E_MAIL.sub("mail", option.words).split()) for option in options}
    own = {
        value: names.difference(*(others for other, others in called.items() if other != value))
        for value, names in called.items()
    }
    found = [value for value, names in own.items() if names & said]
    return found[0] if len(found) == 1 else None


def _text(text: str, old: str | None, ports: Ports, options: tuple[Option, ...]) -> str | None:
    return text.strip()[:LONGEST] if re.search(r"\w\w", text) else None


def _name(text: str, old: str | None, ports: Ports, options: tuple[Option, ...]) -> str | None:
    """One line: a name stands in letters and on labels."""
    text = " ".join(text.split())[:LONGEST_NAME].strip()
    return text if re.search(r"\w\w", text) else None


def _street(text: str, old: str | None, ports: Ports, options: tuple[Option, ...]) -> str | None:
    """One line; a house number alone corrects the number of what was said before."""
    text = " ".join(text.split()).strip(" .,")[:120]
    if old and HOUSE_NUMBER.fullmatch(text):
        return HOUSE_NUMBER.sub(text, old, count=1)
    return text if re.search(r"[^\W\d_]{2}", text) and re.search(r"\d|\s", text) else None


def address_in(text: str, ports: Ports) -> dict[str, str]:
    """The parts of an address that is written whole: “12 High Street, Bristol BS1 4DJ”; empty when it is not.

    The postcode stands at the end or between commas; the town is what stands alone between the street and it, or after.
    """
    parts = [part.strip() for part in text.replace("\n", ",").split(",") if part.strip()]
    if len(parts) < 2 or _street(parts[0], None, ports, ()) is None:
        return {}
    town: list[str] = []
    found = ""
    for part in parts[1:]:
        pieces = part.split()
        for size in range(min(2, len(pieces)), 0, -1):
            if not found and (code := _postcode(" ".join(pieces[-size:]), None, ports, ())) is not None:
                found, pieces = code, pieces[:-size]
                break
        town += [" ".join(pieces)] if pieces else []
    if not found or len(town) > 1 or (town and _city(town[0], None, ports, ()) is None):
        return {}
    return {"street": parts[0], "postcode": found} | ({"city": town[0]} if town else {})


def _city(text: str, old: str | None, ports: Ports, options: tuple[Option, ...]) -> str | None:
    text = " ".join(text.split()).strip(" .,")
    return text[:80] if re.fullmatch(r"[^\W\d_][^\d_]{1,79}", text) else None


def _postcode(text: str, old: str | None, ports: Ports, options: tuple[Option, ...]) -> str | None:
    try:
        return spelt(ports.region, text.strip(" .,"))
    except DomainError:
        return None


def _quantity(text: str, old: str | None, ports: Ports, options: tuple[Option, ...]) -> str | None:
    said = plain_words(text)
    if said in NONE_OF_IT:
        return "0"
    found = QUANTITY.fullmatch(said)
    return str(int(found[1])) if found and 1 <= int(found[1]) <= MOST_PIECES else None


def _phone(text: str, old: str | None, ports: Ports, options: tuple[Option, ...]) -> str | None:
    if len(re.sub(r"\D", "", text)) < 7:
        return None
    try:
        return normalise("sms", text, region=ports.region)
    except AddressInvalid:
        return None


def _mail(text: str, old: str | None, ports: Ports, options: tuple[Option, ...]) -> str | None:
    """The one mail address in what was said."""
    found = {part.strip(".,;:<>()\"'") for part in text.split() if "@" in part}
    if len(found) != 1 or not re.fullmatch(EMAIL, address := found.pop()):
        return None
    try:
        return normalise("email", address)
    except AddressInvalid:
        return None


def _night(text: str, old: str | None, ports: Ports, options: tuple[Option, ...]) -> str | None:
    """Two times of the day as `21:00-08:00`; `off` for none."""
    said = " ".join(text.casefold().replace(".", ":").split()).strip(" :!")
    for way, half in HALF_OF_DAY:
        said = way.sub(half, said)
    if said in NO_NIGHT:
        return OFF
    found = NIGHT.fullmatch(said)
    if found is None:
        return None
    begins, ends = (_time_of_day(*found.group(*places)) for places in ((1, 2, 3), (4, 5, 6)))
    try:
        return str(quiet.read(f"{begins}-{ends}"))
    except ValueError:
        return None


def _time_of_day(hour: str, minute: str | None, half: str | None) -> str:
    """`9`, None, `pm` is 21:00; hours that no clock shows stay as they are."""
    hours = int(hour)
    if half is not None and 1 <= hours <= 12:
        hours = hours % 12 + (12 if half == "pm" else 0)
    return f"{hours:02d}:{minute or '00'}"


def _code(text: str, old: str | None, ports: Ports, options: tuple[Option, ...]) -> str | None:
    return re.sub(r"\D", "", text) if re.fullmatch(r"\s*\d(?:[ -]?\d){5}\s*\.?", text, re.ASCII) else None


READERS: Mapping[str, Callable[[str, str | None, Ports, tuple[Option, ...]], str | None]] = {
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


def read(kind: str, text: str, *, ports: Ports, options: tuple[Option, ...] = (), old: str | None = None) -> str | None:
    """The value that these words stand for, None when they answer nothing; `old` is what a correction replaces."""
    return READERS[kind](text, old, ports, options)
