"""From a message to numbers: one spelling, figures masked, then the pieces of words that the model knows."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from bots.inbound import LONGEST_TEXT

MAIL = re.compile(r"\S+@\S+\.\w+")
NUMBER = re.compile(r"[#£$€]?\w*\d[\w.,:/-]*")
WORD = re.compile(r"\w+|[?!👍👎🙏👋😂]")
LONGEST_READ = 200  # characters; what is asked stands in the first lines, and time grows with every piece
SHORTEST_PIECE, LONGEST_PIECE = 2, 5


def plain(text: str) -> str:
    """Lower case, one spelling per character, nothing invisible, no apostrophes, single spaces.

    One character may stand for eighteen in this form, hence the limit.
    """
    text = "".join(
        mark for mark in unicodedata.normalize("NFKC", text)[:LONGEST_TEXT] if unicodedata.category(mark) != "Cf"
    )
    return " ".join(re.sub(r"['’‘`´]", "", text.casefold()).split())


def masked(text: str) -> str:
    """A plain text without its entities: whose number it is says nothing about what is wanted."""
    return NUMBER.sub("xnum", MAIL.sub("xmail", text[:LONGEST_READ]))


def pieces(text: str) -> Iterator[str]:
    """The features of a masked text: words, pairs of words, and pieces of words of two to five characters.

    A word's own piece is marked with `=`, a pair joined by a space; a blank at the edge of a piece is the word's edge.
    """
    words = WORD.findall(text)
    before = "^"
    for word in words:
        yield "=" + word
        yield before + " " + word
        before = word
        yield from _inside(word)
    yield before + " $"


@lru_cache(maxsize=4096)
def _inside(word: str) -> tuple[str, ...]:
    """The pieces of one word; people use the same few thousand over and over."""
    edged, sizes = f" {word} ", range(SHORTEST_PIECE, LONGEST_PIECE + 1)
    return tuple(edged[start : start + size] for size in sizes for start in range(len(edged) - size + 1))
