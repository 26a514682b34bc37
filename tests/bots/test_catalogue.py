"""Every phrase exists, is used, is cheap to send, and its parameters are given."""

import ast
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bots.catalogue import PARAMETER, Phrase, offered, say, words
from bots.flowfiles import flows
from bots.rendering import cheap
from mcrm.deliveries.segments import Encoding, segments
from mcrm.learning.intents import Intent
from mcrm.orders.models import OrderStatus

BOTS = Path(__file__).parents[2] / "bots"
BY_STATUS = {f"{kind}.{status.value}" for kind in ("status", "short") for status in OrderStatus}


def used() -> set[str]:
    keys = set(BY_STATUS).union(*(flow.phrases for flow in flows().values()))
    for path in BOTS.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            name = node.func if isinstance(node, ast.Call) else None
            called = getattr(name, "attr", getattr(name, "id", ""))
            if called in {"say", "phrase", "Phrase"}:  # a conditional one says either
                first = node.args[0]
                said = [first.body, first.orelse] if isinstance(first, ast.IfExp) else [first]
                keys |= {one.value for one in said if isinstance(one, ast.Constant)}
            if called == "leave" and isinstance(node.args[2], ast.Constant):
                keys.add(node.args[2].value)
    return keys


@pytest.mark.parametrize("language", offered())
def test_every_phrase_is_there_and_used(language: str) -> None:
    assert set(words(language).phrases) == used() | {f"intent.{intent}" for intent in Intent if intent != "oos"}


@pytest.mark.parametrize("language", offered())
def test_every_phrase_fits_two_cheap_segments(language: str) -> None:
    for key, form in words(language).phrases.items():
        for text in [form] if isinstance(form, str) else form.values():
            encoding, parts = segments(cheap(PARAMETER.sub("x" * 12, text)))
            assert (encoding, parts <= 2) == (Encoding.GSM7, True), key


@pytest.mark.parametrize("language", offered())
def test_every_language_understands_the_same_commands(language: str) -> None:
    assert words(language).commands.keys() == words("en").commands.keys()
    assert words(language).rules.keys() == words("en").rules.keys()
    assert words(language).hints.keys() == words("en").hints.keys()


def test_plurals_and_numbers_follow_the_language() -> None:
    one, many = (say(Phrase("orders.list", {"n": n}), language="en", region="GB") for n in (1, 2))
    assert (one, many) == ("Your order:", "Your latest orders:")


def test_a_missing_parameter_is_an_error() -> None:
    with pytest.raises(KeyError):
        say(Phrase("agent.opened", {}), language="en", region="GB")


def test_an_instant_is_told_as_the_date_where_the_customer_is() -> None:
    late = Phrase("track.arrived", {"date": datetime(2026, 11, 25, 23, 30, tzinfo=UTC)})
    told = [say(late, language="en", region="GB", zone=ZoneInfo(zone)) for zone in ("Europe/London", "Europe/Berlin")]
    assert told == ["It arrived on 25 November.", "It arrived on 26 November."]
