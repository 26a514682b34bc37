"""From words to a command: first what was asked for, then command words, then order numbers, then rules."""

import re
import unicodedata
from dataclasses import dataclass
from itertools import pairwise

from rapidfuzz import fuzz

from bots.catalogue import Catalogue
from bots.flowfiles import triggers
from bots.inbound import LONGEST_TEXT
from bots.talk import Event, Ports, State

CODE = re.compile(r"\d(?:[ -]?\d){5}")
ALONE = re.compile(r"#?(\d{4,10})[ .!?]*", re.ASCII)
GLUED = re.compile(r"([a-z]+)[#:]?(\d\S*)", re.ASCII)
TYPO_RATIO = 85
SHORTEST_REPAIRED = 4
MOST_CANDIDATES = 5
LONGEST_NUMBER = 40


@dataclass(frozen=True, slots=True)
class Meaning:
    """A command with its argument, and how it was recognised (kept with the message, to learn from)."""

    command: str
    argument: str | None = None
    how: str = "rule"


MISS = Meaning("miss", how="nothing")


def plain(text: str) -> str:
    """Lower case, one spelling per character, nothing invisible, no apostrophes, single spaces.

    One character may stand for eighteen in this form, hence the limit.
    """
    text = "".join(
        mark for mark in unicodedata.normalize("NFKC", text)[:LONGEST_TEXT] if unicodedata.category(mark) != "Cf"
    )
    return " ".join(re.sub(r"['’‘`´]", "", text.casefold()).split())


def understand(event: Event, state: State, ports: Ports, words: Catalogue) -> Meaning:
    """What the customer wants; MISS when nobody can tell."""
    if event.button is not None:
        command, _, argument = event.button.partition(":")
        return Meaning(command, argument or None, "button")
    text = plain(event.text)
    return (
        _slash(event.text, words)
        or _answer(text, state, event, words)
        or _command(text, ports, words)
        or _order_number(event.text, text, ports, words, is_code_awaited=_is_awaited("code", state, event))
        or _rule(text, words)
        or MISS
    )


def _slash(raw: str, words: Catalogue) -> Meaning | None:
    if not raw.startswith("/"):
        return None
    head, _, rest = raw[1:].partition(" ")
    name = head.partition("@")[0].casefold()
    command = next((command for command, names in words.commands.items() if name in names), None)
    return Meaning(command, rest.strip() or None, "command") if command else None


def _is_awaited(slot: str, state: State, event: Event) -> bool:
    """Whether the message may answer that question: asked within the last fifteen minutes."""
    return state.asked == slot and state.expires_at is not None and state.expires_at > event.now


def _answer(text: str, state: State, event: Event, words: Catalogue) -> Meaning | None:
    bare = text.strip(" .!?#")
    if re.fullmatch(r"[0-9]", bare, re.ASCII):
        choices = list(state.slots.get("choices", ()))
        if bare == "0":
            return Meaning("menu", how="choice")
        if choices and int(bare) <= len(choices):
            if not _is_awaited("choice", state, event):
                return Meaning("expired", how="choice")
            command, _, argument = choices[int(bare) - 1].partition(":")
            return Meaning(command, argument or None, "choice")
    if _is_awaited("code", state, event):
        first, _, rest = bare.partition(" ")
        digits = rest if first in words.commands["verify"] else bare  # VERIFY 123456 is an answer too
        if CODE.fullmatch(digits):
            return Meaning("code", re.sub(r"\D", "", digits), "answer")
    return None


def _command(text: str, ports: Ports, words: Catalogue) -> Meaning | None:
    """A command word alone, or before something with a digit in it; a mistyped one counts when it is close enough."""
    first, _, rest = text.strip(" .!?").partition(" ")
    if rest and not re.search(r"\d", rest):
        takes_words = first in words.commands["language"]
        return Meaning("language", rest, "word") if takes_words else None
    if (glued := GLUED.fullmatch(text.strip(" .!?"))) and glued[1] in words.commands["track"]:
        return Meaning("track", glued[2].upper(), "word")
    command, how = _named(first, words)
    if command == "track" and rest:
        return Meaning("track", _own(rest, ports) or rest, how)
    if command is None or (command == "orders" and rest):  # "order 1002" asks for that one, not for the list
        return None
    return Meaning(command, rest or None, how)


def _named(word: str, words: Catalogue) -> tuple[str | None, str]:
    """The command of that name and how it was recognised; (None, …) when there is none."""
    for command, names in words.commands.items():
        if word in names:
            return command, "word"
    if len(word) >= SHORTEST_REPAIRED:
        for command, names in words.commands.items():
            if any(fuzz.ratio(word, name) >= TYPO_RATIO for name in names if len(name) >= SHORTEST_REPAIRED):
                return command, "typo"
    return None, "nothing"


def _order_number(raw: str, text: str, ports: Ports, words: Catalogue, *, is_code_awaited: bool) -> Meaning | None:
    """An own order's number counts as it stands, and so does a number that is all there is.

    Any other token needs a word before it that says what it is.
    """
    if (wish := _rule(text, words)) is not None and wish.command in triggers():
        return None  # the number belongs to what is wanted of that order
    if (own := _own(raw, ports)) is not None:
        return Meaning("track", own, "own-number")
    if not is_code_awaited and (alone := ALONE.fullmatch(text)):
        return Meaning("track", alone[1], "number")
    if cued := words.order_number.search(text) or re.search(r"#(\d{3,})", text):
        return Meaning("track", cued[1].strip(" .,!?#").upper(), "cue")
    return None


def _own(raw: str, ports: Ports) -> str | None:
    """The first token that is the number of an own order."""
    return next((candidate for candidate in candidates(raw) if ports.track(candidate) is not None), None)


def candidates(raw: str) -> list[str]:
    """Tokens that could be an order number: with a digit in them, a prefix before it joined to it."""
    tokens = [token.strip(".,;:!?()\"'#") for token in raw.split()]
    found = [token for token in tokens if re.search(r"\d", token) and len(token) <= LONGEST_NUMBER]
    pairs = pairwise(tokens)
    found += [a + b for a, b in pairs if re.fullmatch(r"[A-Za-z]{1,4}-?", a) and re.fullmatch(r"\d{1,20}", b)]
    return found[:MOST_CANDIDATES]


def _rule(text: str, words: Catalogue) -> Meaning | None:
    for command, patterns in words.rules.items():
        if any(pattern.search(text) for pattern in patterns):
            return Meaning(command, how="rule")
    return None
