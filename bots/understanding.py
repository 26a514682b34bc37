"""From words to a command: what was asked for, command words, order numbers, then rules and the model together."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from rapidfuzz import fuzz

from bots.catalogue import LAST, Catalogue, names_of, offered
from bots.features import plain
from bots.flowfiles import flows, options_of
from bots.fusing import LIKELY, Verdict, fused
from bots.intents import intent_of, line_for
from bots.pages import PAGE, sought
from bots.slots import Asked, plain_words, read
from bots.talk import Event, Ports, State
from mcrm.learning.intents import SERVICE, Intent

CODE = re.compile(r"\d(?:[ -]?\d){5}")
ALONE = re.compile(r"#?((?:[a-z]{1,3}-?)?\d{4,10})[ .!?]*", re.ASCII)
GLUED = re.compile(r"([a-z]+)[#:]?(\d\S*)", re.ASCII)
SAYS_SOMETHING = re.compile(r"[^\W\d_]|[👍👎🙏👋]")
A_WORD = re.compile(r"[^\W\d_]{2}")
WITH_A_DIGIT = re.compile(r"\S*\d\S*")
MORE_LINE = "more:"
TYPO_RATIO = 85
SHORTEST_REPAIRED = 4
MOST_CANDIDATES = 5
SHORTEST_NUMBER = 3  # unless it is an own order's: "order 2 bags" names no order
LONGEST_NUMBER = 40
SHORTEST_TAG = 3  # "es" and "en" are words, too
MOST_WORDS_SOUGHT = 3
TOLD_AT_ONCE = frozenset({"choice", "night", "product"})
"""Slot types whose answers sound like nothing else, so that they may follow the command word."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """A command with its argument, and how it was recognised (kept with the message, to learn from).

    `intent` is what was wanted, where that is known, and `confidence` (0 to 1) how sure; `alternatives`: the two
    intents to ask about when neither is sure. Then `command` is the one that asks.
    """

    command: str
    argument: str | None = None
    how: str = "rule"
    intent: str | None = None
    confidence: float = 1.0
    alternatives: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """For the message's row: never the argument, which may be a code."""
        kept: dict[str, Any] = {"command": self.command, "how": self.how}
        if (intent := self.intent or intent_of(self.command)) is not None:
            kept |= {"intent": str(intent), "confidence": round(self.confidence, 3)}
        return kept | ({"alternatives": list(self.alternatives)} if self.alternatives else {})


MISS = Meaning("miss", how="nothing")


def understand(event: Event, state: State, ports: Ports, words: Catalogue) -> Meaning:
    """What the customer wants; MISS when nobody can tell."""
    if event.button is not None:
        command, _, argument = event.button.partition(":")
        return Meaning(command, argument or None, "button")
    text = plain(event.text)
    return (
        _slash(event.text, words)
        or _answer(text, state, event, words)
        or _language(text, state, words)
        or _command(text, ports, words)
        or _in_own_words(event.text, text, ports, words, can_be_number=not _is_awaited("code", state, event))
    )


def _in_own_words(raw: str, text: str, ports: Ports, words: Catalogue, *, can_be_number: bool) -> Meaning:
    """A sentence: what it wants, and the order it names; with a number and no wish, where that order is."""
    found = _order_number(raw, text, ports, words, can_be_number=can_be_number)
    if not SAYS_SOMETHING.search(WITH_A_DIGIT.sub(" ", text)):
        return found or MISS  # figures alone
    if (command := _rule(text, {name: of for name, of in words.rules.items() if intent_of(name) is None})) is not None:
        return Meaning(command, found.argument if found else None)  # no intent stands for it: the rule alone decides
    rule = _rule(text, words.hints) or _rule(text, words.rules)
    intent = intent_of(rule) if rule is not None else None
    return _meant(fused(intent, ports.guesses(text)), found, rule)


def _meant(verdict: Verdict, found: Meaning | None, rule: str | None) -> Meaning:
    """The command for a verdict; `found` is the order that the message names, `rule` what a rule saw in it."""
    if found is not None and not _wants_more(verdict, rule):
        return found
    number = found.argument if found else None
    how, intent, confidence = verdict.how, verdict.intent, verdict.confidence
    if verdict.alternatives:
        asked = " ".join([*verdict.alternatives, *([number] if number else [])])
        return Meaning("unsure", asked, how, intent, confidence, verdict.alternatives)
    if intent == Intent.OUT_OF_SCOPE:
        return Meaning("miss", None, how, intent, confidence)
    if intent == Intent.ORDER_STATUS:
        return Meaning("orders" if rule == "orders" else "track", None, how, intent, confidence)
    command, _, argument = line_for(intent, number).partition(":")
    return Meaning(command, argument or None, how, intent, confidence)


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
    if bare == "0":
        return Meaning("menu", how="choice")
    choices, is_awaited = list(state.slots.get("choices", ())), _is_awaited("choice", state, event)
    is_figure = re.fullmatch(r"[1-9]", bare, re.ASCII) is not None
    if is_awaited and choices and choices[-1].startswith(MORE_LINE) and bare in words.answers["more"]:
        return Meaning("more", choices[-1].removeprefix(MORE_LINE), "choice")
    place = int(bare) if is_figure else words.place_in(plain_words(text)) if choices and is_awaited else None
    if place is not None and place <= len(choices):
        if not is_awaited:
            return Meaning("expired", how="choice")
        command, _, argument = choices[_index(place, choices)].partition(":")
        return Meaning(command, argument or None, "choice")
    if is_awaited and len(choices) == 1 and plain_words(text) in words.answers["yes"]:
        command, _, argument = choices[0].partition(":")  # “Shall I call one?” takes a yes
        return Meaning(command, argument or None, "choice")
    if _is_awaited("code", state, event):
        first, _, rest = bare.partition(" ")
        said = words.code.fullmatch(rest if first in words.commands["verify"] else bare)  # VERIFY 123456 is one too
        if said is not None:
            return Meaning("code", re.sub(r"\D", "", said["code"]), "answer")
    return None


def _language(text: str, state: State, words: Catalogue) -> Meaning | None:
    """The name of a language on offer, alone: whoever cannot read the question answers it so, and begins so."""
    said = text.strip(" .!?¿¡")
    is_name = len(said) > SHORTEST_TAG and any(said in names_of(tag, words.language) for tag in offered())
    return Meaning("language", said, "word") if is_name and state.form is None else None


def _index(place: int, choices: Sequence[str]) -> int:
    """Where in the list a place is; the last one is no way to the next page."""
    if place != LAST:
        return place - 1
    is_more = choices[-1].startswith(MORE_LINE) or (choices[-1].startswith("pick:") and len(choices) > PAGE)
    return -2 if is_more else -1


def _command(text: str, ports: Ports, words: Catalogue) -> Meaning | None:
    """A command word alone, or before something with a digit in it; a mistyped one counts when it is close enough."""
    first, _, rest = text.strip(" .!?").partition(" ")
    if rest and (answered := _answered(first, rest, ports, words)) is not None:
        return answered
    if rest and not re.search(r"\d", rest):
        return None
    if (glued := GLUED.fullmatch(text.strip(" .!?"))) and glued[1] in words.commands["track"]:
        return Meaning("track", glued[2].upper(), "word")
    command, how = _named(first, words)
    if command == "track" and rest:
        return Meaning("track", _own(rest, ports) or rest.upper(), how)
    if command is None or (command == "orders" and rest):  # "order 1002" asks for that one, not for the list
        return None
    if A_WORD.search(WITH_A_DIGIT.sub(" ", rest)):  # "help me with order 1002" is a sentence
        return None
    return Meaning(command, rest or None, how)


def _answered(word: str, rest: str, ports: Ports, words: Catalogue) -> Meaning | None:
    """A command word before what answers its first question: LANGUAGE SPANISH, QUIET OFF, PREFS TELEGRAM, BUY KENYA."""
    command = next((command for command, names in words.commands.items() if word in names), None)
    if command == "language":
        return Meaning("language", rest, "word")
    flow = flows().get(command or "")
    slot = next(iter(flow.slots), None) if flow else None
    if command is None or slot is None or slot.type not in TOLD_AT_ONCE:
        return None
    if slot.type == "product":  # what is not there is looked for in vain, and said so
        wanted = sought(rest, words)
        is_named = word == words.commands[command][0] and len(wanted.split()) <= MOST_WORDS_SOUGHT
        is_there = is_named or bool(ports.options(slot.options_from or "", {"search": wanted}))
        return Meaning(command, rest, "word") if is_there else None
    options = options_of(slot, {}, ports, words)
    if slot.type == "choice":  # in full: an "account number" is not a new number for the profile
        is_answer = any(plain_words(rest) in (plain_words(option.value), option.words) for option in options)
    else:
        is_answer = read(slot.type, rest, Asked(words, ports)) is not None
    return Meaning(command, rest, "word") if is_answer else None


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


def _wants_more(verdict: Verdict, rule: str | None) -> bool:
    """Whether a message with an order's number wants anything else than to know where that order is."""
    if verdict.alternatives:
        return rule not in (None, "track", "orders")
    return verdict.confidence >= LIKELY and verdict.intent in SERVICE and verdict.intent != Intent.ORDER_STATUS


def _order_number(raw: str, text: str, ports: Ports, words: Catalogue, *, can_be_number: bool) -> Meaning | None:
    """An own order's number counts as it stands, and so does a number that is all there is, unless it is like a code.

    Any other token needs a word before it that says what it is.
    """
    if (own := _own(raw, ports)) is not None:
        return Meaning("track", own, "own-number")
    if can_be_number and CODE.fullmatch(text.strip(" .!?")):
        return Meaning("stray_code", re.sub(r"\D", "", text), "number")
    if can_be_number and (alone := ALONE.fullmatch(text)):
        return Meaning("track", alone[1].upper(), "number")
    if cued := words.order_number.search(text) or re.search(r"#(\d{3,})", text):
        number = cued[1].strip(" .,!?#").upper()
        return Meaning("track", number, "cue") if len(number) >= SHORTEST_NUMBER else None
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


def is_like_a_number(token: str) -> bool:
    """Whether it may be an order's number when a sentence holds it: “I want 2 instead” names no order."""
    return sum(map(str.isdigit, token)) >= SHORTEST_NUMBER


def _rule(text: str, table: Mapping[str, Sequence[re.Pattern[str]]]) -> str | None:
    """The name of the first entry with a pattern that matches."""
    return next((name for name, of in table.items() if any(pattern.search(text) for pattern in of)), None)
