"""The live stream of the own conversation: hints of the own messages alone, resumed where it broke off."""

from collections.abc import Iterator
from functools import partial

import pytest
from sqlalchemy import Engine

from mcrm import live
from mcrm.actors import Role
from mcrm.contacts.models import Contact
from mcrm.db import Database
from mcrm.edge.app import LiveSource, edge_app
from mcrm.edge.streams import CHAT
from mcrm.transaction import transaction
from mcrm.wakeup import Notifier
from tests import doors
from tests.callers import Caller, as_customer, as_staff
from tests.cast import a_customer, an_order
from tests.edge.wire import Line, served

PATH = "/v1/me/conversation"


@pytest.fixture
def people(committed: Database) -> tuple[Contact, Contact]:
    """Ben and Aisha."""
    with transaction() as session:
        return a_customer(session, phone="+447700900201"), a_customer(session, "Aisha Khan", phone="+447700900202")


@pytest.fixture
def port(committed: Database, people: tuple[Contact, Contact]) -> Iterator[int]:
    """The web process with the stream, on a free port."""
    settings, app = doors.settings(), doors.make_app()
    assert isinstance(committed.bind, Engine)
    url = committed.bind.url.render_as_string(hide_password=False)
    rooms = {CHAT: partial(live.authorise_chat, settings)}
    source = LiveSource(partial(live.authorise, settings), live.CommittedChanges(), url, None, rooms)
    before, committed.wake = committed.wake, Notifier(committed).wake
    with served(edge_app(lambda: app, limits=settings.limits, make_live=lambda: source)) as found:
        yield found
    committed.wake = before


def listen(port: int, caller: Caller, after: str = "") -> Line:
    return Line(port).send(f"GET {PATH}/events{after} HTTP/1.1", f"Authorization: {caller.headers['Authorization']}")


def said(caller: Caller, text: str, client_id: str) -> None:
    assert caller.post(f"{PATH}/messages", {"client_id": client_id, "text": text}).status_code == 201


def test_a_stream_tells_of_the_own_messages_and_goes_on_where_it_broke_off(
    port: int, people: tuple[Contact, Contact]
) -> None:
    client = doors.make_app().test_client()
    ben, aisha = (as_customer(client, contact) for contact in people)
    with listen(port, ben) as line:
        line.read_until(b"ready")
        said(aisha, "hello", "a-1")
        with transaction() as session:
            an_order(session, people[0])
        said(ben, "hello", "b-1")
        got = line.read_until(b'"]}')
    assert f"chat:{people[0].id}".encode() in got
    assert str(people[1].id).encode() not in got and b"contact:" not in got

    position = ben.get(PATH).json["position"]
    said(ben, "thanks", "b-2")
    with listen(port, ben, f"?after={position}") as line:
        line.read_until(b"changed")
    assert [item["text"] for item in ben.get(f"{PATH}/messages", after=position).json["items"]][-1] == "thanks"


def test_the_staff_and_strangers_hear_nothing_here(port: int) -> None:
    kofi = as_staff(doors.make_app().test_client(), Role.AGENT)
    with listen(port, kofi) as line:
        assert line.reply().status == 403
    kofi.headers = {"Authorization": "Bearer nobody"}
    with listen(port, kofi) as line:
        assert line.reply().status == 401
