"""`mcrm bots train`: from seeds and labelled messages to an artefact that the bots take up by themselves."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from bots.features import plain
from bots.model import OUT_OF_SCOPE, load, save
from bots.training import seeds
from bots.training.examples import SEED, examples
from bots.training.fitting import fit

Labels = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Trained:
    """What came of it: `examples` sentences, of which `labelled` came from people's messages, in `seconds`."""

    language: str
    path: Path
    hash: str
    intents: int
    examples: int
    labelled: int
    features: int
    bytes: int
    seconds: float

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        fields = ("language", "hash", "intents", "examples", "labelled", "features", "bytes")
        return {name: getattr(self, name) for name in fields} | {"path": str(self.path), "seconds": self.seconds}


def train(language: str, labelled: Labels, folder: Path) -> Trained:
    """Learn a language anew and write its artefact to `folder`; the running bots take it up at the next message."""
    began = perf_counter()
    known = set(seeds.intents(language))
    usable = [(plain(text), intent) for text, intent in labelled if intent in known]
    rows = examples(language, usable)
    path = folder / f"{language}.npz"
    save(fit(rows, seed=SEED, sources=seeds.digest(language)), path)
    made = load(path)
    return Trained(
        language,
        path,
        made.hash,
        sum(intent != OUT_OF_SCOPE for intent in made.intents),
        len(rows),
        len(usable),
        len(made.vocabulary),
        path.stat().st_size,
        round(perf_counter() - began, 1),
    )


def languages() -> tuple[str, ...]:
    """The languages that have seeds."""
    return tuple(sorted(path.name for path in seeds.FOLDER.iterdir() if path.is_dir()))


def on_one_core() -> None:
    """Small tables are multiplied fastest by one thread; to be called before numpy is first imported."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"):
        os.environ.setdefault(name, "1")
