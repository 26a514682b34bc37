"""Two witnesses, one verdict: what a rule says and what the model says are weighed; where they differ, we ask."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from bots.model import Guess
from mcrm.learning.intents import CONVERSATION, Intent

CERTAIN = 0.75  # the model's word stands against a rule's
LIKELY = 0.50  # the model's word stands alone
MARGIN = 0.40  # when it is that far ahead of its second choice
HARMLESS = 0.28  # enough for a greeting or a thank-you, where a mistake costs nothing
FOREIGN = 0.35  # nothing of ours
POSSIBLE = 0.25  # worth asking about
SHAKY = 0.25  # below this the model's agreement with a rule is chance
NO_TOPIC = frozenset(
    CONVERSATION - {Intent.HELP, Intent.ABORT, Intent.CHANGE_LANGUAGE}
)  # nobody picks "thank you" from a list
OUT_OF_SCOPE = Intent.OUT_OF_SCOPE.value


@dataclass(frozen=True, slots=True)
class Verdict:
    """The intent that was understood and how sure that is (0 to 1); `alternatives`: the two to ask about, or none."""

    intent: str
    confidence: float
    how: str
    alternatives: tuple[str, ...] = ()


def fused(rule: str | None, guesses: Sequence[Guess]) -> Verdict:
    """Weigh the rule's intent (None: no rule matched) and the model's best guesses, best first.

    They agree: sure. The model is certain: it wins, since rules see one word and it sees all. They differ: a question.
    A doubtful model alone asks about its two best topics; below that nothing was understood.
    """
    if not guesses:
        return Verdict(rule, 1.0, "rule") if rule else Verdict(OUT_OF_SCOPE, 0.0, "nothing")
    first = guesses[0]
    if first.intent == rule:
        if first.confidence < SHAKY and (other := _topic(guesses[1:])) is not None:
            return _question(rule, other.intent, first.confidence)
        return Verdict(rule, max(first.confidence, CERTAIN), "both")
    if first.confidence >= CERTAIN:
        return Verdict(first.intent, first.confidence, "model")
    return _of_model(guesses) if rule is None else _of_both(rule, guesses)


def _of_model(guesses: Sequence[Guess]) -> Verdict:
    """No rule matched, and the model has its doubts."""
    first, second = guesses[0], guesses[1]
    if first.intent == OUT_OF_SCOPE and first.confidence >= FOREIGN:
        return Verdict(OUT_OF_SCOPE, first.confidence, "model")
    if first.confidence >= LIKELY and first.confidence - second.confidence >= MARGIN:
        return Verdict(first.intent, first.confidence, "model")
    if first.intent in NO_TOPIC and first.confidence >= HARMLESS:
        return Verdict(first.intent, first.confidence, "model")
    topic = _topic(guesses)
    if topic is None or topic.confidence < POSSIBLE:
        return Verdict(OUT_OF_SCOPE, 1 - first.confidence, "model")
    other = _topic(guess for guess in guesses if guess is not topic)
    return _question(topic.intent, other.intent if other else Intent.HUMAN_AGENT, topic.confidence)


def _of_both(rule: str, guesses: Sequence[Guess]) -> Verdict:
    """Rule and model differ. A rule that saw but a polite word gives way; else both go into the question."""
    first = guesses[0]
    if rule in CONVERSATION and first.intent not in (*CONVERSATION, OUT_OF_SCOPE) and first.confidence >= LIKELY:
        return Verdict(first.intent, first.confidence, "model")
    other = _topic(guess for guess in guesses if guess.intent != rule)
    if other is None or rule in NO_TOPIC:
        return Verdict(rule, 1 - first.confidence, "rule")
    if other is first:
        return _question(first.intent, rule, first.confidence)
    return _question(rule, other.intent, 1 - first.confidence)


def _topic(guesses: Iterable[Guess]) -> Guess | None:
    """The first guess that one can choose from a list."""
    return next((one for one in guesses if one.intent not in NO_TOPIC and one.intent != OUT_OF_SCOPE), None)


def _question(first: str, second: str, confidence: float) -> Verdict:
    if first == second:
        return Verdict(first, confidence, "model")
    return Verdict(str(first), confidence, "doubt", (str(first), str(second)))
