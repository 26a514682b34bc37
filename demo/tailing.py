"""The log as it grows: one coloured line an interaction, read by position: none missed, none shown twice."""

import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
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
BULKY = {"account", "address", "contact", "contact-point", "price", "price-list", "product", "stock", "tag"}
FEW = 12
"""Of so many facts of these kinds at once, by one actor through one door, each is a line; more share one."""
ARROWS = {"in": "→", "out": "←"}
SHOWN = 90
MOST = 10_000


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


@dataclass(frozen=True, slots=True)
class Many:
    """A batch of an import or a bulk change: the last of its facts, and how many there are of which kind."""

    last: Interaction
    counts: Mapping[str, int]


def calm(found: Iterable[Interaction | None]) -> Iterator[Interaction | Many | None]:
    """The facts as people can follow them: those of one batch of rows together, as long as they come in a row."""
    held: list[Interaction] = []
    for fact in found:
        if held and (fact is None or len(held) == MOST or _batch(fact) != _batch(held[-1])):
            yield from _together(held)
            held = []
        if fact is None or _batch(fact) is None:
            yield fact
        else:
            held.append(fact)
    yield from _together(held)


def _batch(fact: Interaction) -> tuple[str | None, str | None] | None:
    """Which batch a fact can be part of; None for what people want to see each of."""
    return (fact.actor, fact.channel) if fact.kind.partition(".")[0] in BULKY else None


def _together(held: Sequence[Interaction]) -> Iterator[Interaction | Many]:
    if len(held) > FEW:
        yield Many(held[-1], Counter(fact.kind for fact in held))
    else:
        yield from held


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


def summary(many: Many) -> Text:
    """A batch in one line."""
    text = Text(f"{many.last.position:>7} {many.last.at.astimezone():%H:%M:%S} ", style="dim")
    text.append(f"  {many.last.channel:<8} ", style="dim")
    text.append(f"{sum(many.counts.values())} facts at once  ", style="bold white")
    text.append("  ".join(f"{kind}={count}" for kind, count in sorted(many.counts.items())))
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


def show(console: Console, fact: Interaction | Many) -> None:
    """Print one interaction, or a batch of them, as one line."""
    if isinstance(fact, Many):
        console.print(summary(fact), soft_wrap=True)
        return
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
