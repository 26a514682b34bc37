"""One step of the dialogue: a state and an event go in, the next state and effects come out. Pure, so replayable."""

from collections.abc import Sequence

from bots import answering, forms, waiting
from bots.catalogue import Catalogue
from bots.flowfiles import triggers
from bots.table import AFTER, COMMANDS
from bots.talk import Effect, Event, Ports, State, Talk
from bots.understanding import MISS, Meaning, understand

KEEPS_QUESTION = frozenset({"code", "miss", "stray_code", "thanks"})
ON_BUTTONS = frozenset({"pick", "desk", "thanks", "challenge"})  # on buttons, though no word calls them


def step(state: State, event: Event, ports: Ports, words: Catalogue) -> tuple[State, Sequence[Effect], Meaning]:
    """Take one event in. The meaning says what was understood, for the log and for learning."""
    talk = Talk(state, event, ports, words)
    if event.outcome is not None:
        action, outcome, facts = event.outcome
        AFTER[action](talk, outcome, facts)
        if talk.effects:  # a link that goes out by itself leads elsewhere
            forms.resume(talk)
        return talk.state, talk.effects, Meaning(action, outcome, "outcome")
    waiting.forget(talk)
    meaning = _meaning(talk)
    if meaning.command != "miss":
        talk.change(misses=0)
    if meaning.command not in KEEPS_QUESTION:
        talk.change(flow=None, asked=None)
    meant = _carried_out(meaning)
    if not answering.take(talk, meant):
        COMMANDS[meant.command](talk, meant.argument)
    forms.resume(talk)
    return talk.state, talk.effects, meaning


def _meaning(talk: Talk) -> Meaning:
    state, event, words = talk.state, talk.event, talk.words
    if event.card is not None:
        return Meaning("share", how="card")
    if not event.readable:
        return MISS
    if (answer := answering.heard(talk)) is not None:
        return answer
    meaning = understand(event, state, talk.ports, words)
    offered = meaning.how != "button" or meaning.command in words.commands or meaning.command in ON_BUTTONS
    return meaning if _carried_out(meaning).command in COMMANDS and offered else MISS


def _carried_out(meaning: Meaning) -> Meaning:
    """The command that carries out what was meant: a flow's, if a flow is there for it; the desk names its intent."""
    intent, _, number = (meaning.argument or "").partition(" ")
    if meaning.command == "desk" and intent in triggers():
        return Meaning(triggers()[intent], number or None, meaning.how)
    if (flow := triggers().get(meaning.command)) is not None:
        return Meaning(flow, meaning.argument, meaning.how)
    return meaning
