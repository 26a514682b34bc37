"""An account moves while somebody writes below it, with real commits: both devices end with what they should hold."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from mcrm.actors import Role
from mcrm.db import Database
from mcrm.interactions import positions
from mcrm.sync.taking import Taking
from mcrm.transaction import transaction
from tests import doors
from tests.callers import Caller, as_staff
from tests.cast import a_customer, a_territory
from tests.sync.device import Device

A_MOMENT_S = 0.7  # as long as the one who writes waits for the mover, who may be waiting for the writer


@dataclass
class Meeting:
    """Sam writes and stops at some point; Ada moves the account; Sam goes on."""

    sam: Caller
    ada: Caller
    lena: Caller
    account_id: Any
    contact_id: Any
    east_id: Any
    stopped: threading.Event = field(default_factory=threading.Event)
    moved: threading.Event = field(default_factory=threading.Event)
    writer: threading.Thread | None = None
    answers: list[Any] = field(default_factory=list)

    def stop(self) -> None:
        """Called on the writer's way, once: let the mover go ahead."""
        if threading.current_thread() is self.writer and not self.stopped.is_set():
            self.stopped.set()
            self.moved.wait(A_MOMENT_S)

    def play(self, write: Callable[[], Any]) -> None:
        """Both at once, until both are done."""
        self.writer = threading.Thread(target=lambda: self.answers.append(write()))
        mover = threading.Thread(target=self._move)
        self.writer.start()
        mover.start()
        for thread in (self.writer, mover):
            thread.join(20)
        assert self.stopped.is_set()
        assert self.moved.is_set()

    def _move(self) -> None:
        self.stopped.wait(20)
        answer = self.ada.patch(f"/v1/accounts/{self.account_id}", {"territory_id": str(self.east_id)})
        assert answer.status_code == 200, answer.text
        self.moved.set()


@pytest.fixture
def meeting(committed: Database) -> Meeting:
    app = doors.make_app()
    with transaction() as session:
        west, east = a_territory(session), a_territory(session, "East")
        ben = a_customer(session, phone="+447700900201", territory_id=west.id)
    people = [
        as_staff(app.test_client(), Role.REP, [west], name="Sam Doyle"),
        as_staff(app.test_client(), Role.ADMIN),
        as_staff(app.test_client(), Role.REP, [east], name="Lena Fischer"),
    ]
    return Meeting(*people, ben.account_id, ben.id, east.id)


def phones(meeting: Meeting) -> tuple[Device, Device]:
    """Sam's and Lena's, in step with the server."""
    both = Device(meeting.sam), Device(meeting.lena)
    for phone in both:
        phone.sync()
    return both


WRITES: dict[str, Callable[[Meeting], Any]] = {
    "contact": lambda m: m.sam.post("/v1/contacts", {"name": "Rosa", "account_id": str(m.account_id)}),
    "address": lambda m: m.sam.post(
        f"/v1/contacts/{m.contact_id}/contact-points", {"channel": "email", "address": "ben@example.org"}
    ),
    "edit": lambda m: m.sam.patch(f"/v1/contacts/{m.contact_id}", {"locale": "it"}),
}


@pytest.mark.parametrize("what", WRITES)
def test_what_is_written_below_an_account_that_moves_moves_with_it(
    meeting: Meeting, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The writer has looked where its rows lie, and not committed yet, when the account moves."""
    both = phones(meeting)
    write = positions.write

    def stopping(*args: Any) -> Any:
        meeting.stop()
        return write(*args)

    monkeypatch.setattr(positions, "write", stopping)
    meeting.play(lambda: WRITES[what](meeting))
    assert meeting.answers[0].status_code in {200, 201}, meeting.answers[0].text
    for phone in both:
        phone.sync()
        assert phone.is_equal_to_the_server()
    assert both[1].rows("contacts")


@pytest.mark.parametrize("table", ["contacts", "interactions"])
def test_a_push_into_an_account_that_moves_leaves_nothing_behind_on_the_phone(
    meeting: Meeting, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    """Its rights were checked, and its rows are not committed yet, when the account moves."""
    both = phones(meeting)
    if table == "contacts":
        both[0].create("contacts", name="Rosa", account_id=meeting.account_id)
    else:
        both[0].create("interactions", kind="note.added", account_id=meeting.account_id, text="Hello.")
    upsert = Taking.upsert

    def stopping(taking: Taking, aggregate: Any) -> Any:
        decided = upsert(taking, aggregate)
        taking.session.flush()
        meeting.stop()
        return decided

    monkeypatch.setattr(Taking, "upsert", stopping)
    meeting.play(both[0].push)
    for phone in both:
        phone.sync()
        rows = phone.tables.get(table, {})
        phone.tables[table] = {id_: raw for id_, raw in rows.items() if raw["_status"] != "created"}  # it was refused
        assert phone.is_equal_to_the_server()
