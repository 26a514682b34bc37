"""The log as it grows: one coloured line an interaction, read by position: none missed, none shown twice."""

import json
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.text import Text
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from mcrm.contacts.models import Contact
from mcrm.db import reading
from mcrm.interactions import log
from mcrm.interactions.models import Interaction

POLL_S = 0.1
COLOURS = {
    "message": "cyan",
    "delivery": "green",
    "order": "yellow",
    "consent": "magenta",
    "suppression": "red",
    "contact-point": "blue",
    "conversation": "magenta",
    "case": "red",
    "session": "blue",
    "code": "blue",
}
ARROWS = {"in": "→", "out": "←"}
SHOWN = 90


def follow(*, after: int | None = None, pause: Any = time.sleep) -> Iterator[Interaction | None]:
    """Every interaction after a position (default: from now on), oldest first; None while there is nothing new.

    A database that goes away later is waited for: nothing of the log is missed by it.
    """
    with reading() as session:
        position = log.head(session)[1] if after is None else after
    while True:
        facts = _since(position)
        for fact in facts:
            position = fact.position
            yield fact
        if not facts:
            yield None
            pause(POLL_S)


def _since(position: int) -> Sequence[Interaction]:
    try:
        with reading() as session:
            return log.tail(session, after=position)
    except DBAPIError:  # restarted, or out of reach: the next look may find it
        return ()


def line(fact: Interaction, who: str | None) -> Text:
    """One interaction for people's eyes; control characters of a payload never reach the terminal."""
    colour = COLOURS.get(fact.kind.partition(".")[0], "white")
    at: datetime = fact.at.astimezone()
    text = Text(f"{fact.position:>7} ", style="dim")
    text.append(f"{at:%H:%M:%S} ", style="dim")
    text.append(f"{ARROWS.get(fact.direction or '', ' ')} {fact.channel:<8} ", style="dim")
    text.append(f"{fact.kind:<24} ", style=f"bold {colour}")
    if who:
        text.append(f"{clean(who)} ", style=colour)
    text.append(clean(words_of(fact.payload))[:SHOWN])
    return text


def words_of(payload: str) -> str:
    """The payload's text if it has one, else its members."""
    if not payload:
        return "(erased)"
    members: dict[str, Any] = json.loads(payload)
    if "text" in members:
        return f"“{members['text']}”"
    return "  ".join(f"{name}={value}" for name, value in members.items() if value not in (None, "", [], {}))


def clean(text: str) -> str:
    """Printable characters only, on one line."""
    return "".join(character if character.isprintable() else " " for character in text)


def name_of(session: Session, fact: Interaction) -> str | None:
    """The contact's present name."""
    if fact.contact_id is None:
        return None
    return session.scalar(select(Contact.name).where(Contact.id == fact.contact_id))


def show(console: Console, fact: Interaction) -> None:
    """Print one interaction."""
    try:
        with reading() as session:
            who = name_of(session, fact)
    except DBAPIError:  # the line matters more than the name in it
        who = None
    console.print(line(fact, who), soft_wrap=True)


def as_json(fact: Interaction) -> str:
    """One interaction as one line of JSON, for scripts."""
    return json.dumps(
        {
            "position": fact.position,
            "at": fact.at.isoformat(),
            "kind": fact.kind,
            "channel": fact.channel,
            "direction": fact.direction,
            "actor": fact.actor,
            "contact_id": fact.contact_id and str(fact.contact_id),
            "payload": json.loads(fact.payload or "null"),
        },
        ensure_ascii=False,
    )
