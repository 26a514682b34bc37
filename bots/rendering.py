"""One abstract reply becomes words: numbered choices in at most two cheap segments on SMS, buttons on Telegram,
choices with a label and a value in the app."""

import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from bots.catalogue import Phrase, say
from bots.talk import Choices, Effect, Say, ShareNumber
from mcrm.deliveries.segments import Encoding, gsm7, segments

MOST_SEGMENTS = 2
LONGEST_CALLBACK = 64
LONGEST_TELEGRAM = 4000
LONGEST_NAME = 80
SHORTER = (40, 32, 26, 20, 14)
"""How long a name in a choice may be on SMS, and how much it gives way when a text would cost a third segment."""
Buttons = tuple[tuple[tuple[str, str], ...], ...]


@dataclass(frozen=True, slots=True)
class Rendered:
    """The one reply of a turn."""

    text: str
    buttons: Buttons = ()
    reply_keyboard: bool = False


def render(
    effects: Sequence[Effect], *, channel: str, language: str, region: str, zone: tzinfo, business: str
) -> Rendered | None:
    """The reply that these effects make up, every phrase with the `business` name at hand; None without words."""
    said = [effect for effect in effects if isinstance(effect, Say)]
    if not said:
        return None

    def words(phrase: Phrase) -> str:
        named = Phrase(phrase.key, {"business": business, **phrase.params})
        return say(named, language=language, region=region, zone=zone)

    options = [option for effect in effects if isinstance(effect, Choices) for option in effect.options]
    has_way_back = bool(options) and not any(isinstance(effect, Choices) and effect.is_menu for effect in effects)
    share = next((effect for effect in effects if isinstance(effect, ShareNumber)), None)
    if channel == "sms":
        way_back = f"\n0 {words(Phrase('menu.menu', {}))}" if has_way_back else ""

        def tail(longest: int) -> str:
            labels = (words(_within(label, longest)) for label, _ in options)
            return "".join("\n" + words(phrase_of(n, label)) for n, label in enumerate(labels, 1)) + way_back

        return Rendered(_fit(said, words, tail))
    parts = (_with_items(entry, _most(entry), words, "\n") for entry in said)
    text = _joined(said, parts).strip()[:LONGEST_TELEGRAM]
    if share is not None:
        return Rendered(text, (((words(share.label), "contact"),),), reply_keyboard=True)
    mark = "t:" if channel == "telegram" else ""
    rows = [(words(label), f"{mark}{line}") for label, line in options]
    if has_way_back:
        rows.append((words(Phrase("menu.menu", {})), f"{mark}menu"))
    return Rendered(text, tuple(((label, data),) for label, data in rows if len(data.encode()) <= LONGEST_CALLBACK))


def phrase_of(position: int, label: str) -> Phrase:
    """A numbered choice."""
    return Phrase("menu.short", {"position": str(position), "label": label})


def _fit(said: Sequence[Say], words: Callable[[Phrase], str], tail: Callable[[int], str]) -> str:
    """The longest list of items that stays within two segments; where none does, shorter names to choose from."""
    longest = max(_most(entry) for entry in said)
    for shown, named in [*((shown, LONGEST_NAME) for shown in range(longest, -1, -1)), *((0, n) for n in SHORTER)]:
        text = _joined(said, (_with_items(entry, shown, words, "; ") for entry in said)).strip()
        text = cheap(text + tail(named))
        if segments(text)[1] <= MOST_SEGMENTS:
            return text
    return text


def _most(entry: Say) -> int:
    """How many of its items are said where there is room."""
    return len(entry.items) if entry.most is None else min(entry.most, len(entry.items))


def _within(label: Phrase, longest: int) -> Phrase:
    """The label, the names in it no longer than that; what else it says, a price, stays whole."""
    params = {
        name: value if not isinstance(value, str) or len(value) <= longest else value[: longest - 2].rstrip() + ".."
        for name, value in label.params.items()
    }
    return Phrase(label.key, params)


def _joined(said: Sequence[Say], parts: Iterable[str]) -> str:
    """One after the other; what follows a list begins a line of its own."""
    text = ""
    for entry, part in zip(said, parts, strict=True):
        text += part if not text or not part else f" {part}"
        text += "\n" if entry.items and part and entry is not said[-1] else ""
    return text.replace("\n ", "\n").replace(" \n", "\n").replace("\n\n", "\n")


def _with_items(entry: Say, shown: int, words: Callable[[Phrase], str], joint: str) -> str:
    if not entry.items:
        return words(entry.phrase)
    listed = [words(item) for item in entry.items[: min(shown, _most(entry))]]
    if hidden := len(entry.items) - len(listed):
        if not listed:
            return ""
        listed.append(words(Phrase("items.more", {"n": hidden})))
    start = "\n" if joint == "\n" else ""
    return start + words(Phrase(entry.phrase.key, {**entry.phrase.params, "items": joint.join(listed)}))


def cheap(text: str) -> str:
    """The text in GSM-7 where taking accents off achieves that; other alphabets stay as they are."""
    text = gsm7(text)
    if segments(text)[0] is Encoding.GSM7:
        return text
    bare = "".join(
        character
        if segments(character)[0] is Encoding.GSM7
        else "".join(part for part in unicodedata.normalize("NFKD", character) if not unicodedata.combining(part))
        for character in text
    )
    return bare if segments(bare)[0] is Encoding.GSM7 else text
