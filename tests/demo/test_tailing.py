"""The log as people watch it."""

from pathlib import Path

from rich.console import Console

from demo import tailing
from mcrm import db
from mcrm.actors import SYSTEM
from mcrm.db import Database
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.transaction import transaction


def happened(words: str) -> None:
    with transaction() as session:
        log.append(session, SYSTEM, Kind.MESSAGE_RECEIVED, payload={"text": words})


def test_who_watches_the_log_waits_for_a_database_that_went_away(committed: Database, tmp_path: Path) -> None:
    seen = tailing.follow(pause=lambda seconds: None)
    assert next(seen) is None
    away = db.connect(f"sqlite:///{tmp_path}/nowhere/away.db")
    happened("where is 1002")

    db.use(away)
    assert next(seen) is None
    db.use(committed)
    fact = next(seen)
    assert fact is not None
    db.use(away)
    console = Console(record=True, width=200)
    tailing.show(console, fact)
    away.close()

    assert "where is 1002" in console.export_text()


def test_a_batch_of_an_import_is_one_line_and_what_people_do_is_one_each(committed: Database) -> None:
    seen = tailing.calm(tailing.follow(pause=lambda seconds: None))
    assert next(seen) is None
    happened("where is 1002")
    with transaction() as session:
        for _ in range(40):
            log.append(session, SYSTEM, Kind.CONTACT_CREATED)
            log.append(session, SYSTEM, Kind.CONTACT_POINT_ADDED)
    happened("thanks")
    console = Console(record=True, width=200)
    while (fact := next(seen)) is not None:
        tailing.show(console, fact)

    first, batch, last = console.export_text().splitlines()
    assert "where is 1002" in first
    assert "80 facts at once  contact-point.added=40  contact.created=40" in batch
    assert "thanks" in last


def test_few_rows_are_shown_one_by_one(committed: Database) -> None:
    seen = tailing.calm(tailing.follow(pause=lambda seconds: None))
    assert next(seen) is None
    with transaction() as session:
        for _ in range(tailing.FEW):
            log.append(session, SYSTEM, Kind.CONTACT_CREATED)

    assert not any(isinstance(next(seen), tailing.Many) for _ in range(tailing.FEW))
