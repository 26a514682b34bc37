"""The conversation scripts of tests/dialogues, on every channel, through the real webhooks and endpoints.

Each also with every message delivered twice, with a new process for every turn, and from half-way on another channel:
a part of it in every run, all of it in the long ones.
"""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest
from sqlalchemy.orm import Session

from mcrm import clock
from tests.bots.outcomes import check_outcome
from tests.bots.stage import SCRIPTS, Stage, beginning, failing, script_of

PLAIN, TWICE, RESTARTED = "plain", "twice", "restarted"
WAYS = (TWICE, PLAIN, TWICE, RESTARTED, TWICE, PLAIN, TWICE, PLAIN, TWICE, PLAIN, TWICE)  # a restart is dear
THE_TWENTY = frozenset(range(1, 21))


def _ways() -> list[Any]:
    """Every script in every way: one way of each in the short runs, another one from script to script."""
    ways = []
    for at, name in enumerate(SCRIPTS):
        script = script_of(name)
        channels = script.get("channels", ["sms"])
        chosen = (channels[at % len(channels)], WAYS[at % len(WAYS)])
        for channel in channels:
            for way in (PLAIN, TWICE, RESTARTED):
                ways.append(_way(name, channel, channel, way, (channel, way) != chosen))
        pairs = list(permutations(channels, 2)) if _half_way(script) else []
        for place, (first, then) in enumerate(pairs):
            ways.append(_way(name, first, then, PLAIN, bool(at % 5) or place != at // 5 % len(pairs)))
    return ways


def _half_way(script: dict[str, Any]) -> int:
    """The turn from which on another channel is used: the middle one, unless the script says; 0 where there is none."""
    return int(script.get("switch_at", len(script["turn"]) // 2))


def _way(name: str, first: str, then: str, way: str, is_long: bool) -> Any:
    channels = first if first == then else f"{first}-to-{then}"
    marks = [pytest.mark.soak] if is_long else []
    return pytest.param(name, first, then, way, id=f"{name}-{channels}-{way}", marks=marks)


@pytest.mark.parametrize(("name", "first", "then", "way"), _ways())
def test_a_conversation_goes_as_written(
    session: Session, monkeypatch: pytest.MonkeyPatch, name: str, first: str, then: str, way: str
) -> None:
    script = script_of(name)
    with clock.stopped(beginning(script)):
        stage = Stage(session, script, copies=2 if way == TWICE else 1, restarts=way == RESTARTED)
        for place, turn in enumerate(script["turn"]):
            clock.advance(timedelta(seconds=5, **turn.get("later", {})))
            with monkeypatch.context() as patched:
                if turn.get("breaks"):
                    patched.setattr("bots.dialogue.step", failing)
                stage.play(turn, turn.get("channel", first if place < _half_way(script) else then))
        check_outcome(session, script, (first, then), stage.turns)


def test_the_twenty_are_all_there() -> None:
    assert {int(name[:2]) for name in SCRIPTS} >= THE_TWENTY
    assert len(SCRIPTS) >= 30
