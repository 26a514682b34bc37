"""How much the bot settles by itself, from the log: per wish, what became of those who came with it.

A visit is a run of one customer's messages without a pause of half an hour. Its wish is the first thing the bot
understood besides greetings. It was handed over when a person was called within it, abandoned when the last message
was not understood, else solved; and it came again when the same customer came with the same wish within 72 hours.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mcrm.conversations.models import Message
from mcrm.interactions.kinds import Kind
from mcrm.interactions.models import Interaction

PAUSE = timedelta(minutes=30)
AGAIN_WITHIN = timedelta(hours=72)
GREETINGS = frozenset({None, "start", "menu", "back", "help", "thanks", "bot", "challenge", "expired", "rate"})
NOT_UNDERSTOOD = "miss"
CALLS = (Kind.CONVERSATION_HANDED_OVER.value, Kind.CASE_OPENED.value)


@dataclass(slots=True)
class Contained:
    """The numbers of one wish."""

    intent: str
    contacts: int = 0
    solved: int = 0
    handed_over: int = 0
    abandoned: int = 0
    again: int = 0


@dataclass(frozen=True, slots=True)
class Visit:
    """One customer's messages without a long pause."""

    intent: str
    started_at: datetime
    ended_at: datetime
    handed_over: bool
    abandoned: bool


def report(session: Session, *, since: datetime, until: datetime) -> list[Contained]:
    """The visits that began in [since, until), counted by wish, the most frequent first."""
    found: dict[str, Contained] = {}
    for visits in _by_person(session, since, until + AGAIN_WITHIN):
        later: dict[str, datetime] = {}
        for visit in reversed(visits):
            if since <= visit.started_at < until:
                row = found.setdefault(visit.intent, Contained(visit.intent))
                row.contacts += 1
                row.handed_over += visit.handed_over
                row.abandoned += visit.abandoned
                row.solved += not (visit.handed_over or visit.abandoned)
                next_at = later.get(visit.intent)
                row.again += next_at is not None and next_at - visit.ended_at <= AGAIN_WITHIN
            later[visit.intent] = visit.started_at
    return sorted(found.values(), key=lambda row: (-row.contacts, row.intent))


def _by_person(session: Session, since: datetime, until: datetime) -> Iterator[list[Visit]]:
    """Each person's visits, in order of time; a stranger is an address."""
    calls = _calls(session, since, until)
    person = func.coalesce(Message.contact_id, Message.contact_point_id)
    query = (
        select(person.label("person"), Message.created_at, Message.understood)
        .where(Message.direction == "in", Message.created_at >= since, Message.created_at < until)
        .order_by(person, Message.created_at, Message.id)
        .execution_options(yield_per=1000)
    )
    for who, messages in groupby(session.execute(query), key=lambda row: row.person):
        said = [(row.created_at, row.understood.get("command")) for row in messages]
        yield [visit for run in _runs(said) if (visit := _visit(run, calls[who])) is not None]


def _calls(session: Session, since: datetime, until: datetime) -> dict[UUID | None, list[datetime]]:
    person = func.coalesce(Interaction.contact_id, Interaction.contact_point_id)
    query = select(person.label("person"), Interaction.at).where(
        Interaction.kind.in_(CALLS), Interaction.at >= since, Interaction.at < until
    )
    found: dict[UUID | None, list[datetime]] = defaultdict(list)
    for row in session.execute(query):
        found[row.person].append(row.at)
    return found


def _runs(said: list[tuple[datetime, str | None]]) -> Iterator[list[tuple[datetime, str | None]]]:
    run: list[tuple[datetime, str | None]] = []
    for message in said:
        if run and message[0] - run[-1][0] > PAUSE:
            yield run
            run = []
        run.append(message)
    if run:
        yield run


def _visit(run: list[tuple[datetime, str | None]], calls: list[datetime]) -> Visit | None:
    """What a run was about; None for one that held greetings only."""
    commands = [command for _, command in run if command not in GREETINGS]
    if not commands:
        return None
    intent = next((command for command in commands if command != NOT_UNDERSTOOD), NOT_UNDERSTOOD)
    start, end = run[0][0], run[-1][0]
    called = any(start - timedelta(seconds=5) <= at <= end + timedelta(seconds=5) for at in calls)
    return Visit(str(intent), start, end, called, not called and commands[-1] == NOT_UNDERSTOOD)
