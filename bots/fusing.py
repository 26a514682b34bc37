"""Two witnesses, one verdict: what a rule says and what the model says are weighed; where they differ, we ask."""

from collections.abc import Sequence
from dataclasses import dataclass

from bots.model import OUT_OF_SCOPE, Guess

CERTAIN = 0.75  # the model's word stands against a rule's
LIKELY = 0.42  # the model's word stands alone
MARGIN = 0.15  # and is that far ahead of its second choice
POSSIBLE = 0.20  # two choices worth asking about


@dataclass(frozen=True, slots=True)
class Verdict:
    """The intent that was understood and how sure that is (0 to 1); `alternatives`: the two to ask about, or none."""

    intent: str
    confidence: float
    how: str
    alternatives: tuple[str, ...] = ()


NOTHING = Verdict(OUT_OF_SCOPE, 0.0, "nothing")


def fused(rule: str | None, guesses: Sequence[Guess]) -> Verdict:
    """Weigh the rule's intent (None: no rule matched) and the model's best two guesses.

    They agree: sure. The model is certain: it wins, since rules see one word and it sees all. They differ: a question.
    A doubtful model alone asks about its two best, and below that nothing was understood.
    """
    if not guesses:
        return Verdict(rule, 1.0, "rule") if rule else NOTHING
    first, second = guesses[0], guesses[1] if len(guesses) > 1 else Guess(OUT_OF_SCOPE, 0.0)
    if rule == first.intent:
        return Verdict(rule, max(first.confidence, CERTAIN), "both")
    if first.confidence >= CERTAIN:
        return Verdict(first.intent, first.confidence, "model")
    if rule is not None:
        return _asked(rule, first, second)
    if first.intent == OUT_OF_SCOPE:
        return Verdict(OUT_OF_SCOPE, first.confidence, "model")
    if first.confidence >= LIKELY and first.confidence - second.confidence >= MARGIN:
        return Verdict(first.intent, first.confidence, "model")
    if first.confidence >= POSSIBLE and second.intent != OUT_OF_SCOPE:
        return Verdict(first.intent, first.confidence, "doubt", (first.intent, second.intent))
    if first.confidence >= LIKELY:
        return Verdict(first.intent, first.confidence, "model")
    return Verdict(OUT_OF_SCOPE, 1 - first.confidence, "model")


def _asked(rule: str, first: Guess, second: Guess) -> Verdict:
    """Rule and model differ: ask about both; a model that sees nothing of ours leaves the rule to stand alone."""
    other = second if first.intent == OUT_OF_SCOPE else first
    if other.intent in (rule, OUT_OF_SCOPE):
        return Verdict(rule, 1 - first.confidence, "rule")
    if first.intent == OUT_OF_SCOPE:
        return Verdict(rule, 1 - first.confidence, "doubt", (rule, other.intent))
    return Verdict(first.intent, first.confidence, "doubt", (first.intent, rule))
