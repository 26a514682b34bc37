"""The trained model at work: a vocabulary, a table of weights, and some forty lines of numpy."""

import hashlib
import json
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bots.features import masked, pieces

FOLDER = Path(__file__).parent / "models"
OUT_OF_SCOPE = "oos"


@dataclass(frozen=True, slots=True)
class Guess:
    """An intent and the model's probability of it, 0 to 1."""

    intent: str
    confidence: float


@dataclass(frozen=True)
class Model:
    """A softmax regression over TF-IDF features. `weights`: features by intents; `rarity`: the IDF of each feature."""

    intents: tuple[str, ...]
    vocabulary: dict[str, int]
    rarity: NDArray[np.float32]
    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    sources: str = ""
    hash: str = field(default="")

    def guesses(self, text: str, count: int = 2) -> list[Guess]:
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
    counted: dict[int, int] = {}
    for piece in pieces(text):
        if (row := vocabulary.get(piece)) is not None:
            counted[row] = counted.get(row, 0) + 1
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
