"""The shared log: a change and its trace come together, in the order of commits, and stay as they were written."""

import pytest
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from mcrm.accounts.models import Account
from mcrm.actors import SYSTEM
from mcrm.db import Database, reading
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.models import Change, Interaction
from mcrm.transaction import UnannouncedWrite, transaction, write_rows


def note(session: Session, words: str) -> None:
    log.append(session, SYSTEM, Kind.NOTE_ADDED, payload={"text": words})


def notes(session: Session) -> list[str]:
    return [fact.payload for fact in log.tail(session, after=0)]


def test_a_change_and_its_trace_are_committed_together(database: Database, session: Session) -> None:
    with transaction() as work:
        account = Account(name="Harbour Café")
        work.add(account)
        log.append(work, SYSTEM, Kind.ACCOUNT_CREATED, about=log.About(account_id=account.id))
    [fact] = log.tail(session, after=0)
    [change] = session.scalars(select(Change))
    assert (fact.kind, fact.account_id) == ("account.created", account.id)
    assert (change.table_name, change.row_id, change.op) == ("accounts", account.id, "upsert")
    assert sorted([fact.position, change.position]) == [1, 2]


def test_a_refused_use_case_leaves_no_trace(database: Database, session: Session) -> None:
    with pytest.raises(ZeroDivisionError), transaction() as work:
        note(work, "never")
        raise ZeroDivisionError
    assert notes(session) == []
    assert log.head(session) == (1, 0)


def test_a_savepoint_that_is_rolled_back_takes_its_facts_with_it(database: Database, session: Session) -> None:
    with transaction() as work:
        note(work, "kept")
        with pytest.raises(ZeroDivisionError), work.begin_nested():
            note(work, "dropped")
            with work.begin_nested():
                note(work, "dropped although its own savepoint was released")
            raise ZeroDivisionError
        with work.begin_nested():
            note(work, "kept too")
    assert notes(session) == ['{"text":"kept"}', '{"text":"kept too"}']
    assert log.head(session) == (1, 2)


def test_a_bulk_write_of_a_synced_table_must_be_announced(database: Database, session: Session) -> None:
    with transaction() as work:
        account = Account(name="Harbour Café")
        work.add(account)
    with pytest.raises(UnannouncedWrite), transaction() as work:
        work.execute(update(Account).values(name="Harbour Cafe"))
    with transaction() as work:
        assert write_rows(work, update(Account).values(name="Harbour Cafe")) == [account.id]
    session.expire_all()
    assert session.get_one(Account, account.id).rev == 2
    assert len(session.scalars(select(Change)).all()) == 2


def test_the_log_can_be_neither_changed_nor_deleted(database: Database, session: Session) -> None:
    with transaction() as work:
        note(work, "as it was")
    for statement in (delete(Interaction), update(Interaction).values(kind="order.placed")):
        with pytest.raises(DBAPIError, match="append-only"), transaction() as work:
            work.execute(statement)
    with transaction() as work:
        work.execute(update(Interaction).values(payload="", salt=b""))  # what an erasure does
    session.expire_all()
    [fact] = log.tail(session, after=0)
    assert (fact.payload, fact.kind, len(fact.digest)) == ("", "note.added", 32)


def test_a_reader_cannot_write(committed: Database) -> None:
    with pytest.raises(DBAPIError), reading() as session:
        session.add(Account(name="Harbour Café"))
        session.flush()
