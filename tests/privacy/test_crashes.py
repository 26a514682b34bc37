"""Forgetting somebody is done once and to the end, whoever dies over it and however many are at it."""

import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from mcrm import clock, db, keys
from mcrm.actors import SYSTEM, Actor, Channel, Role
from mcrm.contacts import service as contacts
from mcrm.db import Database, reading
from mcrm.deliveries import outbox
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.models import Interaction
from mcrm.notes import service as notes
from mcrm.privacy import asking, copying, erasing
from mcrm.privacy.models import DataCopy, Erasure
from mcrm.transaction import perform, transaction
from tests.cast import a_customer
from tests.deliveries.carriers import point_of
from tests.doors import ENVIRONMENT
from tests.forking import PATIENCE_S, forked
from tests.privacy.lives import places_of

NEEDLES = ["Okaforsen", "447700900201", "parrot"]
MUCH = 3 * erasing.PAGE


@pytest.fixture
def due(committed: Database) -> UUID:
    """Somebody with many pages of words, whose day has come."""
    with transaction() as session:
        ben = a_customer(session, "Ben Okaforsen", phone="+447700900201")
        point = point_of(session, ben, "sms")
        for at in range(MUCH):
            notes.add(session, SYSTEM, ben, f"Asked after the parrot, {at}.")
        facts = {"channel": "sms", "contact_point_id": point.id, "contact_id": ben.id, "kind": "news"}
        for at in range(erasing.PAGE + 5):
            outbox.queue(session, SYSTEM, text=f"Your parrot food is here, {at}.", **facts)
        asking.ask(session, SYSTEM, ben.id)
    with transaction() as session:
        session.scalars(select(Erasure)).one().look_at = clock.now() - timedelta(seconds=1)
    return ben.id


def check_done(database: Database) -> None:
    assert places_of(database, NEEDLES) == {}
    with reading() as session:
        erasure = session.scalars(select(Erasure)).one()
        assert erasure.state == "done"
        for kind in ("erasure.begun", "erasure.done"):
            query = select(func.count()).select_from(Interaction).where(Interaction.kind == kind)
            assert session.scalar(query) == 1


def erase(url: str, done: Any) -> None:
    """A worker that forgets and nothing else; it says so after each unit of work."""
    keys.use(ENVIRONMENT["MCRM_SECRET_KEY"])
    db.use(db.connect(url, synchronous="NORMAL"))
    while erasing.turn():
        done.put("one")


def test_a_worker_that_is_killed_over_it_is_replaced(committed: Database, due: UUID) -> None:
    assert isinstance(committed.bind, Engine)
    url = committed.bind.url.render_as_string(hide_password=False)
    done: Any = forked.Queue()
    worker = forked.Process(target=erase, args=(url, done))
    worker.start()
    for _ in range(2):
        done.get(timeout=PATIENCE_S)
    worker.kill()
    worker.join()
    assert places_of(committed, NEEDLES) != {}
    while erasing.turn():
        pass
    check_done(committed)


def test_two_workers_do_no_more_than_one(committed: Database, due: UUID) -> None:
    def work() -> None:
        while erasing.turn():
            pass

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while erasing.turn():  # one may have found the other's lock at the very end
        pass
    check_done(committed)


def test_two_who_ask_at_the_same_instant_have_one_copy_and_one_deletion(committed: Database) -> None:
    with transaction() as session:
        ben = a_customer(session, "Ben Okaforsen", phone="+447700900201")
    customer = Actor(role=Role.CUSTOMER, channel=Channel.APP, id=ben.id, contact_id=ben.id, level=3)
    wishes: set[UUID] = set()
    refused: list[str] = []
    start = threading.Barrier(2)

    def ask(session: Session) -> UUID:
        contacts.reachable(session, customer, ben.id)
        return asking.ask(session, customer, ben.id).id

    def work() -> None:
        start.wait()
        wishes.add(perform(ask))
        try:
            perform(lambda session: copying.ask(session, customer, ben.id))
        except copying.CopyTooSoon as error:
            refused.append(error.code)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with reading() as session:
        counts = [session.scalar(select(func.count()).select_from(table)) for table in (Erasure, DataCopy)]
    assert (len(wishes), len(refused), counts) == (1, 1, [1, 1])


def test_two_who_ask_in_the_middle_of_something_never_wait_for_each_other_in_a_ring(committed: Database) -> None:
    with transaction() as session:
        ben = a_customer(session, "Ben Okaforsen", phone="+447700900201")
    customer = Actor(role=Role.CUSTOMER, channel=Channel.APP, id=ben.id, contact_id=ben.id, level=3)
    both_know_ben = threading.Barrier(2)
    turns: list[int] = []

    def ask(session: Session) -> UUID:
        turns.append(threading.get_ident())
        log.append(session, customer, Kind.CONTACT_CHANGED, about=log.About(contact_id=ben.id))
        with suppress(threading.BrokenBarrierError):  # on SQLite nobody else gets so far
            both_know_ben.wait(0.5)
        with suppress(copying.CopyTooSoon):
            copying.ask(session, customer, ben.id)
        return asking.ask(session, customer, ben.id).id

    threads = [threading.Thread(target=perform, args=(ask,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(turns) == 2, "the database chose nobody as a victim"
    with reading() as session:
        counts = [session.scalar(select(func.count()).select_from(table)) for table in (Erasure, DataCopy)]
    assert counts == [1, 1]


def test_one_that_fails_keeps_nobody_else_waiting(
    committed: Database, due: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*unused: object) -> None:
        raise ZeroDivisionError

    with transaction() as session:
        asking.ask(session, SYSTEM, a_customer(session, "Aisha Khan").id)
    with transaction() as session:
        session.scalars(select(Erasure).order_by(Erasure.id.desc())).first().look_at = clock.now()  # type: ignore[union-attr]
    with monkeypatch.context() as broken:
        broken.setattr(erasing, "release", fails)
        with pytest.raises(ZeroDivisionError):
            erasing.turn()
    while erasing.turn():
        pass
    with reading() as session:
        assert session.scalars(select(Erasure.state).order_by(Erasure.id)).all() == ["pending", "done"]
