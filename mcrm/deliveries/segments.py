"""How many text-message segments a text costs, and how to keep it in the cheap alphabet.

GSM-7 (3GPP TS 23.038, default alphabet and its extension table) carries 160 septets in one segment and 153 in each of
several; one character outside it turns the whole text into UCS-2: 70 and 67 UTF-16 units.
"""

from collections.abc import Iterable
from enum import StrEnum

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("\f^{}\\[~]|€")

LOOKALIKES = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′ʼ`´", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys(
            "\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t", " "
        ),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad", ""),
        **dict.fromkeys("•·∙", "*"),
        "…": "...",
        "\u2028": "\n",
        "\u2029": "\n",
    }
)


class Encoding(StrEnum):
    """The two alphabets of a text message."""

    GSM7 = "gsm-7"
    UCS2 = "ucs-2"


def gsm7(text: str) -> str:
    """The text with typographic look-alikes (curly quotes, dashes, odd spaces, …) made plain, if that makes it GSM-7.

    A text that needs UCS-2 anyway (an emoji, Cyrillic) comes back untouched: flattening it would save nothing.
    """
    plain = text.translate(LOOKALIKES)
    return plain if _is_gsm7(plain) else text


def segments(text: str) -> tuple[Encoding, int]:
    """The alphabet that the text needs, and how many segments it takes; an empty text takes one."""
    if _is_gsm7(text):
        return Encoding.GSM7, _count((2 if character in EXTENDED else 1 for character in text), single=160, part=153)
    return Encoding.UCS2, _count((2 if character > "\uffff" else 1 for character in text), single=70, part=67)


def _is_gsm7(text: str) -> bool:
    return all(character in BASIC or character in EXTENDED for character in text)


def _count(widths: Iterable[int], *, single: int, part: int) -> int:
    """Fill segments one by one: a character of width two (an escape, a surrogate pair) may not straddle two of them."""
    total, parts, used = 0, 1, 0
    for width in widths:
        total += width
        if used + width > part:
            parts, used = parts + 1, 0
        used += width
    return 1 if total <= single else parts
