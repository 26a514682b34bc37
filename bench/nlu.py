"""Understanding free text: time a message, and what the model weighs in memory."""

import gc
import resource
from time import thread_time

from bench.report import Figure, percentile
from bots.model import SHIPPED, Models, load
from bots.training import seeds
from bots.training.evaluating import Labelled, predict

MESSAGES = 4000


def measure() -> list[Figure]:
    """Understand seed sentences one by one, as a webhook would, after the model was read."""
    texts = [one for intent in seeds.intents("en") for line in seeds.lines("en", intent) for one in _first(line)]
    models = Models()
    models.of("en")
    predict(Labelled("where is my order", "", "en"), models)
    times = []
    for text in (texts * (MESSAGES // len(texts) + 1))[:MESSAGES]:
        before = thread_time()
        predict(Labelled(text, "", "en"), models)
        times.append(1000 * (thread_time() - before))
    p50, p95 = percentile(times, 0.5), percentile(times, 0.95)
    weight = _weight()
    return [
        Figure("understanding a message, p50", f"{p50:.2f} ms of processor time"),
        Figure("understanding a message, p95", f"{p95:.2f} ms of processor time").at_most(p95, 1, "ms"),
        Figure("the model in memory", f"{weight:.1f} MB more at its peak"),
        Figure("the model on disk", f"{(SHIPPED / 'en.npz').stat().st_size / 1e6:.2f} MB"),
    ]


def _first(line: str) -> list[str]:
    return [next(iter(seeds.written_out(line)))]


def _weight() -> float:
    """How much the process grew by reading one more model, in MB."""
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    held = [load(SHIPPED / "en.npz") for _ in range(4)]
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return (after - before) / 1024 / len(held)
