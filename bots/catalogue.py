"""The words per language: `say` fills a phrase, `words` is what the bots understand."""

import re
import tomllib
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError
from babel.dates import format_skeleton
from babel.numbers import format_currency, format_decimal

from mcrm.money import in_major_units

FOLDER = Path(__file__).parent / "phrases"
LAST = -1
PARAMETER = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Phrase:
    """A phrase by key with what fills it; a parameter may itself be a phrase, a number, a date or a text.

    `n` among the parameters chooses the plural form.
    """

    key: str
    params: Mapping[str, Any]


@dataclass(frozen=True)
class Money:
    """An amount in minor units of a currency, to be written as people there write it."""

    amount: int
    currency: str


@dataclass(frozen=True)
class Catalogue:
    """One language: `phrases` by key (a text, or its plural forms), and the tables of words understood.

    `counts` are the words for 1 to 9; `places` are those and the ordinals, with LAST for the last of a list, which
    stand alone but for the words that `place_around` leaves out. `also`: words that stand for an option, by its phrase.
    """

    language: str
    name: str
    phrases: Mapping[str, str | Mapping[str, str]]
    commands: Mapping[str, tuple[str, ...]]
    gate: Mapping[str, tuple[str, ...]]
    rules: Mapping[str, tuple[re.Pattern[str], ...]]
    hints: Mapping[str, tuple[re.Pattern[str], ...]]
    order_number: re.Pattern[str]
    correction: re.Pattern[str]
    sought: re.Pattern[str]
    code: re.Pattern[str]
    quantity: re.Pattern[str]
    night: re.Pattern[str]
    morning: re.Pattern[str]
    evening: re.Pattern[str]
    mail: re.Pattern[str]
    answers: Mapping[str, tuple[str, ...]]
    also: Mapping[str, frozenset[str]]
    counts: Mapping[str, int]
    places: Mapping[str, int]
    place_around: re.Pattern[str]

    def place_in(self, said: str) -> int | None:
        """Which of a list is meant: “two”, “the second one”, “2nd”; LAST for the last, None for anything else.

        `said` is in lower case, words only.
        """
        found = self.place_around.fullmatch(said)
        return self.places.get(found[1]) if found else None

    def one_word_for_mail(self, said: str) -> str:
        """The same words, with one for all that mail is called: “e-mail”, “email”, “correo”."""
        return self.mail.sub("mail", said)

    def in_figures(self, text: str) -> str:
        """The text with its counts, one to nine, in figures."""
        return " ".join(str(self.counts.get(word.casefold().strip(".,!"), word)) for word in text.split())


@cache
def offered() -> tuple[str, ...]:
    """The languages on offer: one file each."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


@cache
def words(language: str) -> Catalogue:
    """The catalogue of a language on offer."""
    table = tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))
    counts = _numbered(table["places"]["counts"])
    figures = {str(number): number for number in counts.values()}
    return Catalogue(
        language=language,
        name=table["name"],
        phrases=table["phrases"],
        commands={command: tuple(names) for command, names in table["commands"].items()},
        gate={name: tuple(entries) for name, entries in table["gate"].items()},
        rules={command: tuple(map(re.compile, patterns)) for command, patterns in table["rules"].items()},
        hints={intent: tuple(map(re.compile, patterns)) for intent, patterns in table["hints"].items()},
        order_number=re.compile(table["cues"]["order_number"]),
        correction=re.compile(table["cues"]["correction"]),
        sought=re.compile(table["cues"]["sought"]),
        code=re.compile(table["cues"]["code"], re.ASCII),
        quantity=re.compile(table["cues"]["quantity"], re.ASCII),
        night=re.compile(table["cues"]["night"], re.ASCII),
        morning=re.compile(table["cues"]["morning"]),
        evening=re.compile(table["cues"]["evening"]),
        mail=re.compile(table["cues"]["mail"]),
        answers={name: tuple(entries) for name, entries in table["answers"].items()},
        also={label: frozenset(entries) for label, entries in table["also"].items()},
        counts=counts,
        places=figures | counts | _numbered(table["places"]["ordinals"]) | dict.fromkeys(table["places"]["last"], LAST),
        place_around=re.compile(table["places"]["around"]),
    )


def _numbered(entries: list[str]) -> dict[str, int]:
    """Which number each word stands for; an entry may know several words for its number."""
    return {word: number for number, entry in enumerate(entries, 1) for word in entry.split()}


@cache
def names_of(language: str, spoken: str) -> frozenset[str]:
    """How a language on offer may be called, in lower case: its tag, its own name, and its name in the one spoken.

    Names count without their accents, too: thumbs leave them out.
    """
    names = {language, words(language).name.casefold(), str(Locale(language).get_display_name(spoken)).casefold()}
    return frozenset(names | {_bare(name) for name in names})


def _bare(word: str) -> str:
    return "".join(part for part in unicodedata.normalize("NFKD", word) if not unicodedata.combining(part))


def language_of(*tags: str | None) -> str:
    """The first language on offer among these BCP 47 tags, most wanted first; English when none is."""
    for tag in tags:
        language = (tag or "").replace("_", "-").partition("-")[0].lower()
        if language in offered():
            return language
    return "en"


def say(phrase: Phrase, *, language: str, region: str, zone: tzinfo = UTC) -> str:
    """The words of a phrase; dates and numbers as they are written there, an instant as its date in `zone`.

    Raises KeyError for a phrase or a parameter that does not exist.
    """
    locale = _locale(language, region)
    form = words(language).phrases[phrase.key]
    if not isinstance(form, str):
        form = form.get(str(locale.plural_form(phrase.params["n"])), form["other"])

    def filled(match: re.Match[str]) -> str:
        return _written(phrase.params[match[1]], language=language, region=region, zone=zone, locale=locale)

    return PARAMETER.sub(filled, form)


def _written(value: Any, *, language: str, region: str, zone: tzinfo, locale: Locale) -> str:
    if isinstance(value, Phrase):
        return say(value, language=language, region=region, zone=zone)
    if isinstance(value, Money):
        major = in_major_units(value.amount, value.currency)
        return str(format_currency(major, value.currency, locale=locale)).replace("\u00a0", " ")
    if isinstance(value, datetime):
        value = value.astimezone(zone).date()
    if isinstance(value, date):
        return str(format_skeleton("MMMMd", value, locale=locale))
    if isinstance(value, int):
        return str(format_decimal(value, locale=locale))
    return str(value)


@cache
def _locale(language: str, region: str) -> Locale:
    try:
        return Locale(language, region)
    except UnknownLocaleError:
        return Locale(language)
