"""How alike two contacts are, in points and in words. Pure; the weights are stated here and nowhere else."""

from collections.abc import Set
from dataclasses import dataclass, field

from mcrm.lookup.words import words_of

SAME_PHONE, SAME_MAIL, SAME_ADDRESS, SAME_POSTCODE, NAME = 50, 50, 35, 20, 50
NAME_FROM = 75.0  # below this many percent two names are just two names
LISTED_FROM = 50
MOST = 100


@dataclass(frozen=True, slots=True)
class Traits:
    """What of a contact is compared: marks of phones, mails and postcodes (`lookup.words`), first lines by postcode."""

    name: str
    phones: Set[str] = field(default_factory=frozenset)
    mails: Set[str] = field(default_factory=frozenset)
    postcodes: Set[str] = field(default_factory=frozenset)
    addresses: Set[str] = field(default_factory=frozenset)


@dataclass(frozen=True, slots=True)
class Likeness:
    """From 0 (nothing in common) to 100, and why."""

    score: int
    reasons: tuple[str, ...]


def compare(one: Traits, other: Traits) -> Likeness:
    """How alike two contacts are: any one strong sign is enough to be listed, weak ones add up."""
    score, reasons = 0, []
    for points, reason, shared in (
        (SAME_PHONE, "same phone", one.phones & other.phones),
        (SAME_MAIL, "same mail", one.mails & other.mails),
        (SAME_ADDRESS, "same address", one.addresses & other.addresses),
        (SAME_POSTCODE, "same postcode", one.postcodes & other.postcodes),
    ):
        if shared and not (reason == "same postcode" and "same address" in reasons):
            score += points
            reasons.append(reason)
    percent = similarity(one.name, other.name)
    if percent >= NAME_FROM:
        score += round(NAME * (percent - NAME_FROM) / (100 - NAME_FROM))
        reasons.append("same name" if percent == 100 else f"similar name ({int(percent)} %)")
    return Likeness(min(score, MOST), tuple(reasons))


def similarity(one: str, other: str) -> float:
    """How similar two names are, in percent, whatever the order of their words, case and accents."""
    from rapidfuzz.fuzz import token_sort_ratio  # late: only who looks for duplicates pays for it

    return float(token_sort_ratio(" ".join(words_of(one)), " ".join(words_of(other))))
