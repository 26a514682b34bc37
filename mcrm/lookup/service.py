"""Selects of the rows that are found by what somebody typed: ranges of an index, never a scan."""

import re
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import CompoundSelect, Select, select

from mcrm.lookup.models import SearchKey
from mcrm.lookup.words import number_key, plain, words_of

FEWEST_DIGITS = 3
HIGHEST = "\U0010ffff"
Ids = Select[UUID] | CompoundSelect[UUID]


def beginning(table: str, key: str) -> Select[UUID]:
    """The ids of the rows with a key that begins so."""
    found = SearchKey.key
    return select(SearchKey.row_id).where(SearchKey.table_name == table, found >= key, found < key + HIGHEST)


def named(table: str, words: str) -> Sequence[Ids]:
    """Rows of which every word begins a word of the name, and rows whose number begins so; nothing for no words.

    A single Latin letter is meant as the whole word (an initial): the beginning of every tenth name finds nobody.
    """
    parts = [
        (_whole if len(word) == 1 and word.isascii() else beginning)(table, f"w:{word}") for word in words_of(words)
    ]
    if not parts:
        return ()
    first, *others = parts
    for other in others:
        first = first.where(SearchKey.row_id.in_(other.correlate(None)))
    number = number_key(words)
    return first, (_whole if len(number) == len("n:") + 1 else beginning)(table, number)


def addressed(table: str, words: str) -> Sequence[Ids]:
    """Rows whose phone begins or ends with these digits, or whose mail address begins so."""
    if "@" in words:
        return (beginning(table, f"m:{plain(words.strip())}"),)
    digits = re.sub(r"\(0\)|\D", "", words).lstrip("0")  # a national number's 0 is not in the stored form
    if len(digits) < FEWEST_DIGITS or re.search(r"[^\W\d]", words):
        return ()
    return beginning(table, f"p:{digits}"), beginning(table, f"r:{digits[::-1]}")


def _whole(table: str, key: str) -> Select[UUID]:
    return select(SearchKey.row_id).where(SearchKey.table_name == table, SearchKey.key == key)
