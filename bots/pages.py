"""Lists longer than fits: a page at a time, with a way to the next one; and what to look for when there is too much.

Besides what a question offers, an answer may be MORE, for the next page, or look for something else.
"""

from collections.abc import Mapping, Sequence

from bots.catalogue import Catalogue
from bots.features import plain
from bots.rendering import cheap
from bots.talk import Option
from mcrm.deliveries.segments import Encoding, segments

PAGE = 5
LONGEST_NAMED = 30
MORE = ":more"
FIND = ":find "
OF_THE_LIST = frozenset({"after", "search"})
"""What a form remembers of the list that it shows: the last option shown before, and what was looked for."""


def first(options: Sequence[Option]) -> tuple[tuple[Option, ...], bool]:
    """The options of one page, and whether there are more."""
    return tuple(options[:PAGE]), len(options) > PAGE


def following(options: Sequence[Option], values: Mapping[str, str]) -> tuple[Option, ...]:
    """The options after the last that was shown; all of them when none was, or when it is gone."""
    place = next((place for place, one in enumerate(options, 1) if one.value == values.get("after")), 0)
    return tuple(options[place:])


def forgotten(values: Mapping[str, str]) -> dict[str, str]:
    """The answers alone."""
    return {name: value for name, value in values.items() if name not in OF_THE_LIST}


def sought(text: str, words: Catalogue) -> str:
    """What somebody looks for, without the words around it: “do you have any decaf?” is about decaf."""
    found = words.sought.fullmatch(plain(text).strip(" .!?¿¡"))
    return found["what"] if found and found["what"] else plain(text)


def count_in(text: str, words: Catalogue) -> str | None:
    """How many of it are wanted, in figures: “two bags of kenya” are 2; None when nothing is said of that."""
    found = words.sought.fullmatch(plain(text).strip(" .!?¿¡"))
    return words.in_figures(found["count"]) if found and found["count"] else None


def named(text: str, *, is_dear: bool) -> str:
    """What was looked for, short enough to be said back; `is_dear`: without letters that make a text cost double."""
    short = text if len(text) <= LONGEST_NAMED else text[: LONGEST_NAMED - 3].rstrip() + "..."
    if not is_dear:
        return short
    letters = (letter for letter in cheap(short) if segments(letter)[0] is Encoding.GSM7)
    return " ".join("".join(letters).split())
