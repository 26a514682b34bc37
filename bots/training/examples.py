"""What the model is shown: seed sentences as they stand, in a frame, and mistyped; each intent its fair share."""

from collections.abc import Sequence
from itertools import zip_longest
from random import Random

from bots.features import plain
from bots.model import OUT_OF_SCOPE
from bots.training import seeds
from mcrm.learning.intents import CONVERSATION

SEED = 20_26
SHARE = 460  # sentences an intent, two thirds of them as they are written
OUT_OF_SCOPE_SHARE = 1_600


def examples(language: str, labelled: Sequence[tuple[str, str]] = ()) -> list[tuple[str, str]]:
    """(plain text, intent) rows to learn from: the seeds of a language, and messages that were labelled by people."""
    chance = Random(SEED)
    around = seeds.frames(language)
    rows: list[tuple[str, str]] = []
    for intent in seeds.intents(language):
        sentences = _in_turns([seeds.some_of(line, chance) for line in seeds.lines(language, intent)])
        own = [text for text, label in labelled if label == intent]
        share = OUT_OF_SCOPE_SHARE if intent == OUT_OF_SCOPE else SHARE
        rows += [(plain(text), intent) for text in _varied(sentences, own, around, share, intent, chance)]
    return rows


def _in_turns(lines: Sequence[Sequence[str]]) -> list[str]:
    """One sentence of each line, then another of each: wherever one stops, every line was heard."""
    return [one for turn in zip_longest(*lines) for one in turn if one is not None]


def _varied(
    sentences: list[str], own: list[str], around: Sequence[str], share: int, intent: str, chance: Random
) -> list[str]:
    """As many sentences as an intent's share, each its turn; labelled messages count twice, with a slip once."""
    found = sentences[: share * 2 // 3]
    while len(found) < share:
        sentence = chance.choice(sentences)
        if intent not in CONVERSATION and chance.random() < 0.55:
            sentence = seeds.framed(sentence, around, chance)
        found.append(seeds.mistyped(sentence, chance) if chance.random() < 0.5 else sentence)
    return found + own + [seeds.mistyped(text, chance) for text in own]
