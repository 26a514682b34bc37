"""How well messages are understood, measured on labelled ones: all of understanding, not the model alone."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import thread_time
from typing import Any

from bots.catalogue import language_of, words
from bots.model import OUT_OF_SCOPE, Models
from bots.talk import Event, Ports, State
from bots.understanding import Meaning, understand


class BadRow(Exception):
    """A line of the file is not an object with text and intent."""


@dataclass(frozen=True, slots=True)
class Labelled:
    """A message and what it means."""

    text: str
    intent: str
    locale: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """What was understood; `alternatives` are the two intents that would be asked about."""

    intent: str
    confidence: float
    alternatives: Sequence[str]

    def as_json(self) -> dict[str, Any]:
        """One line of the predictions."""
        return {"intent": self.intent, "confidence": round(self.confidence, 3), "alternatives": list(self.alternatives)}


def rows_of(path: Path) -> Iterator[Labelled]:
    """The rows of a JSON-lines file; raises BadRow, which names the line."""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            yield Labelled(str(row["text"]), str(row["intent"]), str(row.get("locale", "en")))
        except (ValueError, KeyError, TypeError) as error:
            raise BadRow(f"line {number} is no object with text and intent: {type(error).__name__}") from None


def predict(row: Labelled, models: Models) -> Prediction:
    """Understand a stranger's message that comes out of the blue: no orders known, nothing asked."""
    language = language_of(row.locale)
    event = Event(datetime.now(UTC), "sms", known=False, text=row.text)
    ports = Ports(lambda number: None, lambda most: (), lambda text: models.guesses(language, text))
    return prediction_of(understand(event, State(), ports, words(language)))


def prediction_of(meaning: Meaning) -> Prediction:
    """A meaning as an intent; what only a command stands for (a link, a code) is none of them."""
    seen = meaning.as_json()
    return Prediction(seen.get("intent", OUT_OF_SCOPE), seen.get("confidence", 0.0), meaning.alternatives)


def evaluate(rows: Sequence[Labelled], models: Models) -> tuple[dict[str, Any], list[Prediction]]:
    """The report of `mcrm bots evaluate`, and the prediction for every row. Raises BadRow for no rows."""
    if not rows:
        raise BadRow("the file has no rows")
    predictions, times = [], []
    models.of("en")  # reading the artefact is not part of understanding a message
    for row in rows:
        before = thread_time()
        predictions.append(predict(row, models))
        times.append(1000 * (thread_time() - before))
    return report([row.intent for row in rows], predictions) | _speed(times), predictions


def report(truth: Sequence[str], predictions: Sequence[Prediction]) -> dict[str, Any]:
    """The figures. A question that holds the truth counts as right in `answered_or_asked_accuracy` alone.

    That one is over all rows, out of scope with them; shares are None where there is nothing to share.
    """
    pairs = list(zip(truth, predictions, strict=True))
    in_scope = [(true, said) for true, said in pairs if true != OUT_OF_SCOPE]
    outside = [said for true, said in pairs if true == OUT_OF_SCOPE]
    confused = Counter((true, said.intent) for true, said in pairs if true != said.intent)
    return {
        "n": len(pairs),
        "in_scope_accuracy": _share(true == said.intent for true, said in in_scope),
        "answered_or_asked_accuracy": _share(true in (said.alternatives or (said.intent,)) for true, said in pairs),
        "macro_f1": _macro_f1(pairs),
        "oos_recall": _share(said.intent == OUT_OF_SCOPE and not said.alternatives for said in outside),
        "asked_share": _share(bool(said.alternatives) for _, said in pairs),
        "confusion": [[true, said, n] for (true, said), n in confused.most_common()],
    }


def recalls(truth: Sequence[str], predictions: Sequence[Prediction]) -> dict[str, float]:
    """How many of an intent's messages were understood at once, by intent, the worst first."""
    right: dict[str, list[bool]] = defaultdict(list)
    for true, said in zip(truth, predictions, strict=True):
        right[true].append(true == said.intent)
    return dict(sorted(((intent, _share(found) or 0.0) for intent, found in right.items()), key=lambda one: one[1]))


def _share(values: Iterable[bool]) -> float | None:
    found = list(values)
    return round(sum(found) / len(found), 4) if found else None


def _macro_f1(pairs: Sequence[tuple[str, Prediction]]) -> float:
    """The mean over the true intents of the harmonic mean of precision and recall."""
    true, said = Counter(true for true, _ in pairs), Counter(said.intent for _, said in pairs)
    right = Counter(true for true, said in pairs if true == said.intent)
    return round(sum(2 * right[intent] / (true[intent] + said[intent]) for intent in true) / len(true), 4)


def _speed(times: Sequence[float]) -> dict[str, float]:
    """Processor time a message: what else the machine is busy with does not count."""
    ordered = sorted(times)
    return {
        "p50_ms": round(ordered[len(ordered) // 2], 3),
        "p95_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 3),
    }
