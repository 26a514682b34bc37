"""Talking in a terminal: the same dialogue, also as somebody who is signed in to the app."""

import click
import pytest
from sqlalchemy.orm import Session

from bots.chat_terminal import chat
from tests.bots.conftest import SETTINGS
from tests.cast import a_customer, an_order

BEN = "07700 900201"


def test_a_customer_talks_as_in_the_app(
    session: Session, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    an_order(session, a_customer(session, phone="+447700900201"), "1002", "confirmed")
    session.commit()
    lines = iter(["menu", "t:track", "cancel 1002"])

    def line(prompt: str) -> str:
        if (said := next(lines, None)) is None:
            raise EOFError
        return said

    monkeypatch.setattr("builtins.input", line)
    chat(SETTINGS, "app", BEN)
    said = capsys.readouterr().out
    assert "(Ben Okafor) on app" in said
    assert "  [Track an order] t:track\n" in said
    assert "Order 1002: confirmed" in said
    assert "(to the number on file: " in said and "a code is on its way" in said


def test_nobody_is_signed_in_whom_we_do_not_know(session: Session) -> None:
    with pytest.raises(click.BadParameter, match="nobody is known"):
        chat(SETTINGS, "app", BEN)
    with pytest.raises(click.BadParameter, match="not a phone number"):
        chat(SETTINGS, "app", "Ben")
