"""The trained model at work: a vocabulary, a table of weights, and some forty lines of numpy."""

import hashlib
import json
import logging
import zipfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bots.features import masked, pieces

logger = logging.getLogger(__name__)
SHIPPED = Path(__file__).parent / "models"
OUT_OF_SCOPE = "oos"


@dataclass(frozen=True, slots=True)
class Guess:
    """An intent and the model's probability of it, 0 to 1."""

    intent: str
    confidence: float


@dataclass(frozen=True)
class Model:
    """A softmax regression over TF-IDF features. `weights`: features by intents; `rarity`: the IDF of each feature.

    `sources` is the hash of the seeds it learned from, `hash` that of its artefact.
    """

    intents: tuple[str, ...]
    vocabulary: dict[str, int]
    rarity: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    sources: str = ""
    hash: str = ""

    def guesses(self, text: str, count: int = 5) -> list[Guess]:
        """The likeliest intents of a plain text, best first; none for a text without one known piece."""
        rows, values = weighed(masked(text), self.vocabulary, self.rarity)
        if not len(rows):
            return []
        scores = values @ self.weights[rows] + self.bias
        scores = np.exp(scores - scores.max())
        scores /= scores.sum()
        best = np.argsort(scores)[::-1][:count]
        return [Guess(self.intents[one], float(scores[one])) for one in best]


def weighed(
    text: str, vocabulary: dict[str, int], rarity: NDArray[np.float32]
) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
    """The known features of a masked text and their TF-IDF values, of length one together."""
    counted = Counter(row for row in map(vocabulary.get, pieces(text)) if row is not None)
    rows = np.fromiter(counted.keys(), dtype=np.intp, count=len(counted))
    values = (1 + np.log(np.fromiter(counted.values(), dtype=np.float32, count=len(counted)))) * rarity[rows]
    length = np.sqrt(values @ values)
    return rows, (values / length if length else values).astype(np.float32)


def load(path: Path) -> Model:
    """Read an artefact; its hash is that of the file. Raises OSError, or ValueError for a file that is none."""
    content = path.read_bytes()
    with np.load(path, allow_pickle=False) as stored:
        about = json.loads(bytes(stored["about"]).decode())
        return Model(
            intents=tuple(about["intents"]),
            vocabulary={piece: row for row, piece in enumerate(about["vocabulary"])},
            rarity=stored["rarity"].astype(np.float32),
            weights=stored["weights"].astype(np.float32),
            bias=stored["bias"].astype(np.float32),
            sources=about["sources"],
            hash=hashlib.sha256(content).hexdigest()[:12],
        )


def save(model: Model, path: Path) -> None:
    """Write an artefact, whole or not at all: weights in half precision, vocabulary and intents as JSON."""
    about = {"intents": model.intents, "vocabulary": list(model.vocabulary), "sources": model.sources}
    path.parent.mkdir(parents=True, exist_ok=True)
    passing = path.with_suffix(".new.npz")
    np.savez_compressed(
        passing,
        about=np.frombuffer(json.dumps(about, ensure_ascii=False).encode(), dtype=np.uint8),
        rarity=model.rarity.astype(np.float16),
        weights=model.weights.astype(np.float16),
        bias=model.bias.astype(np.float16),
    )
    passing.replace(path)


class Models:
    """The model of each language: the one trained in this installation, else the one that came with the program.

    A newly trained one is taken up at the next message, without a restart.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folders = (SHIPPED,) if folder is None else (folder, SHIPPED)

    def of(self, language: str) -> Model | None:
        """The model, or None for a language that is led by menus and rules alone."""
        for folder in self.folders:
            path = folder / f"{language}.npz"
            try:
                stamp = path.stat()
                return _loaded(path, stamp.st_mtime_ns, stamp.st_size)
            except FileNotFoundError:
                continue
            except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
                logger.error("a model cannot be read, the next one serves: %s %s", path, type(error).__name__)
        return None

    def guesses(self, language: str, text: str) -> Sequence[Guess]:
        """The likeliest intents of a plain text; none without a model."""
        model = self.of(language)
        return model.guesses(text) if model is not None else ()

    def note(self, language: str) -> dict[str, str]:
        """Which model had its say, to keep with a message."""
        model = self.of(language)
        return {"model": model.hash} if model is not None else {}


@lru_cache(maxsize=16)
def _loaded(path: Path, changed_at_ns: int, size: int) -> Model:
    return load(path)
