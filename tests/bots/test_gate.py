"""Stopping by any reasonable wording, as the law says, and by nothing else."""

import pytest

from bots import gate
from bots.gate import Wish
from bots.inbound import Inbound, InboundKind, clean


def wish(text: str, channel: str = "sms") -> Wish | None:
    return gate.wish_of(Inbound(channel, "in-1", "+447700900203", InboundKind.TEXT, clean(text)))


@pytest.mark.parametrize("channel", ["sms", "telegram"])
@pytest.mark.parametrize(
    "words",
    [
        "STOP STOP STOP",
        "Stop, thank you!",
        "st\u200bop",
        "\u202eSTOP",
        "unsubscribe please",
        "How do I unsubscribe?",
        "I want to stop receiving these",
        "stop sms",
        "don\u2019t send me any more texts",
        "opt out please",
    ],
)
def test_a_stop_is_a_stop_however_it_is_said(words: str, channel: str) -> None:
    assert wish(words, channel) is Wish.STOP


@pytest.mark.parametrize("words", ["dont stop", "please do not stop", "stop my order", "thank you", "you", "please"])
def test_what_only_sounds_like_a_stop_is_none(words: str) -> None:
    assert wish(words) is None
