"""Finding products by words, alike on both databases: both sides are folded before the database compares them."""

import unicodedata

MOST_WORDS = 8


def folded(text: str) -> str:
    """A text as it is searched: without accents and case, so that `cafe` finds `Café`."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(character for character in apart if not unicodedata.combining(character)).casefold()


def search_text(name: str, category: str | None) -> str:
    """What words are looked for in."""
    return folded(f"{name} {category or ''}").strip()


def words_of(text: str) -> list[str]:
    """The words asked for, folded; what comes after the eighth narrows nothing any more."""
    return folded(text).split()[:MOST_WORDS]
