"""One step of the dialogue: a state and an event go in, the next state and effects come out. Pure, so replayable."""

from collections.abc import Sequence

from bots.catalogue import Catalogue
from bots.table import AFTER, COMMANDS
from bots.talk import Effect, Event, Ports, State, Talk
from bots.understanding import MISS, Meaning, understand

OFFERED_ONLY = frozenset({"cancel", "desk", "thanks", "bot"})  # on buttons, though no word calls them
KEEPS_QUESTION = frozenset({"code", "miss", "thanks"})


def step(state: State, event: Event, ports: Ports, words: Catalogue) -> tuple[State, Sequence[Effect], Meaning]:
    """Take one event in. The meaning says what was understood, for the log and for learning."""
    talk = Talk(state, event, ports, words)
    if event.outcome is not None:
        action, outcome, facts = event.outcome
        AFTER[action](talk, outcome, facts)
        return talk.state, talk.effects, Meaning(action, outcome, "outcome")
    meaning = _meaning(state, event, ports, words)
    if meaning.command != "miss":
        talk.change(misses=0)
    if meaning.command not in KEEPS_QUESTION:
        talk.change(flow=None, asked=None)
    COMMANDS[meaning.command](talk, meaning.argument)
    return talk.state, talk.effects, meaning


def _meaning(state: State, event: Event, ports: Ports, words: Catalogue) -> Meaning:
    if event.card is not None:
        return Meaning("share", how="card")
    if not event.readable:
        return MISS
    meaning = understand(event, state, ports, words)
    offered_by_button = meaning.how != "button" or meaning.command in words.commands or meaning.command in OFFERED_ONLY
    return meaning if meaning.command in COMMANDS and offered_by_button else MISS
