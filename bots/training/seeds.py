"""The sentences that the model learns from: written out from the seed files, framed, and mistyped as people do."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

FOLDER = Path(__file__).parent.parent / "seeds"
CHOICE = re.compile(r"\[([^\[\]]*)\]")
MOST_VARIANTS = 14
NEIGHBOURS = {
    "q": "wa", "w": "qes", "e": "wrd", "r": "etf", "t": "ryg", "y": "tuh", "u": "yij", "i": "uok", "o": "ipl",
    "p": "ol", "a": "qsz", "s": "adw", "d": "sfe", "f": "dgr", "g": "fht", "h": "gjy", "j": "hku", "k": "jli",
    "l": "ko", "z": "xa", "x": "zc", "c": "xv", "v": "cb", "b": "vn", "n": "bm", "m": "n",
}  # fmt: skip
SHORTER = {
    "you": "u", "your": "ur", "are": "r", "please": "pls", "to": "2", "for": "4", "want to": "wanna", "what": "wot",
    "because": "cos", "and": "n", "tomorrow": "tmrw", "thanks": "thx", "when": "wen", "with": "w",
    "my": "me", "could": "cud",
}  # fmt: skip


def intents(language: str) -> tuple[str, ...]:
    """The intents that have seeds in that language."""
    return tuple(sorted(path.stem for path in (FOLDER / language).glob("*.txt")))


def lines(language: str, intent: str) -> list[str]:
    """The seed lines of an intent, as they are written."""
    return _read(FOLDER / language / f"{intent}.txt")


def frames(language: str) -> list[str]:
    """What people put around a request; three dots stand for it."""
    return _read(FOLDER / f"{language}.frames.txt")


def digest(language: str) -> str:
    """A short hash of all seeds of a language: whether an artefact was made from them."""
    hashed = hashlib.sha256()
    for path in [*sorted((FOLDER / language).glob("*.txt")), FOLDER / f"{language}.frames.txt"]:
        hashed.update(path.name.encode() + b"\0" + path.read_bytes())
    return hashed.hexdigest()[:12]


def _read(path: Path) -> list[str]:
    found = [line.strip() for line in path.read_text(encoding="utf-8").splitlines()]
    return [line for line in found if line and not line.startswith("#")]


def written_out(line: str) -> Iterator[str]:
    """Every sentence of a line: `[a|b]` is one of its parts, which may be empty."""
    if (choice := CHOICE.search(line)) is None:
        yield " ".join(line.split())
        return
    for part in choice[1].split("|"):
        yield from written_out(line[: choice.start()] + part + line[choice.end() :])


def some_of(line: str, chance: Random) -> list[str]:
    """The sentences of a line, or as many of them as one line may count for."""
    found = list(dict.fromkeys(written_out(line)))
    return chance.sample(found, min(len(found), MOST_VARIANTS))


def framed(sentence: str, around: Sequence[str], chance: Random) -> str:
    """The sentence inside a frame."""
    return chance.choice(around).replace("…", sentence).strip()


def mistyped(sentence: str, chance: Random) -> str:
    """The sentence as a thumb writes it: one or two slips, sometimes the short words of text messages."""
    if chance.random() < 0.3:
        for word, short in SHORTER.items():
            if chance.random() < 0.5:
                sentence = re.sub(rf"\b{word}\b", short, sentence)
    for _ in range(1 if len(sentence) < 25 else chance.choice((1, 1, 2))):
        sentence = _slip(sentence, chance)
    return sentence


def _slip(sentence: str, chance: Random) -> str:
    places = [at for at, mark in enumerate(sentence) if mark.isalpha()]
    if len(places) < 4:
        return sentence
    at = chance.choice(places)
    mark, kind = sentence[at], chance.randrange(6)
    if kind == 0:  # left out
        return sentence[:at] + sentence[at + 1 :]
    if kind == 1:  # twice
        return sentence[:at] + mark + sentence[at:]
    if kind == 2 and at + 1 < len(sentence):  # the wrong way round
        return sentence[:at] + sentence[at + 1] + mark + sentence[at + 2 :]
    if kind == 3 and " " in sentence:  # no space
        blank = chance.choice([at for at, one in enumerate(sentence) if one == " "])
        return sentence[:blank] + sentence[blank + 1 :]
    return sentence[:at] + chance.choice(NEIGHBOURS.get(mark, mark)) + sentence[at + (kind != 4) :]
