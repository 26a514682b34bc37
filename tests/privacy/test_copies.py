"""A copy of one's own data: once a day, behind a link that expires, with everything of this person and of no other."""

import io
import json
from datetime import timedelta
from zipfile import ZipFile

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access.models import SignIn
from mcrm.actors import SYSTEM, Actor, Channel, Role
from mcrm.contacts import points
from mcrm.db import Database
from mcrm.deliveries.models import Delivery
from mcrm.interactions.models import Interaction
from mcrm.leads.models import Lead
from mcrm.privacy import copying
from mcrm.privacy.models import CopyState, DataCopy, DataCopyPart
from tests.bots.conftest import Phones
from tests.callers import as_customer
from tests.cast import a_customer
from tests.deliveries.carriers import point_of
from tests.privacy.lives import Business, Life, live, places_of

BASE = "http://localhost"


@pytest.fixture
def house(client: FlaskClient, session: Session) -> Business:
    return Business(client, session)


def put_together() -> None:
    """What the worker does."""
    while copying.turn(public_url=BASE, business="Harbour & Pine"):
        pass


def test_a_copy_holds_everything_of_the_person_and_nothing_of_another(database: Database, house: Business) -> None:
    ben, aisha = Life(house, "ben", 391), Life(house, "aisha", 392)
    live([ben, aisha], 1)
    app = ben.app
    assert house.did(app.post("/v1/me/export"))["state"] == "asked"
    put_together()
    shown = house.did(app.get("/v1/me/export"))
    assert shown["state"] == "ready"

    door = shown["link"].removeprefix(BASE)
    offered = house.client.get(door)
    assert (offered.status_code, offered.headers["Cache-Control"]) == (200, "no-store")
    assert "form-action 'self'" in offered.headers["Content-Security-Policy"]
    answer = house.client.post(door)
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    said = text_of(answer.data)
    missing = [needle for needle in ben.needles if needle not in said]
    assert places_of(database, missing) == {}
    assert [needle for needle in aisha.needles if needle in said] == []
    with ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.testzip() is None
        index = archive.read("index.html").decode()
        assert "What Harbour &amp; Pine holds of you" in index and "<script" not in index
        assert [name for name in archive.namelist() if name.endswith(".pdf")]
        orders = json.loads(archive.read("orders.json"))
        assert orders[0]["total"] == 1900
        assert "password" not in index


def text_of(packed: bytes) -> str:
    """All that the files of a ZIP say, but the documents."""
    with ZipFile(io.BytesIO(packed)) as archive:
        names = [name for name in archive.namelist() if not name.endswith(".pdf")]
        return "\n".join(archive.read(name).decode() for name in names)


def test_what_stands_in_the_database_is_sealed(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session, phone="+447700900201")
    session.commit()
    as_customer(client, ben).post("/v1/me/export")
    put_together()
    [content] = session.scalars(select(DataCopyPart.content))
    assert not content.startswith(b"PK") and b"contacts.json" not in content


def test_there_is_one_copy_a_day(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session, phone="+447700900201")
    session.commit()
    with clock.stopped(clock.now()):
        app = as_customer(client, ben)
        assert app.post("/v1/me/export").status_code == 202
        again = app.post("/v1/me/export")
        assert (again.status_code, again.json["code"]) == (429, "data-copy.too-soon")
        assert 86_000 < int(again.headers["Retry-After"]) <= 86_401
        clock.advance(timedelta(days=1, seconds=1))
        assert as_customer(client, ben).post("/v1/me/export").status_code == 202


def test_a_link_ends_after_a_day_and_its_file_with_it(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session, phone="+447700900201")
    session.commit()
    with clock.stopped(clock.now()):
        app = as_customer(client, ben)
        app.post("/v1/me/export")
        put_together()
        door = app.get("/v1/me/export").json["link"].removeprefix(BASE)
        clock.advance(timedelta(hours=23))
        assert client.post(door).status_code == 200
        clock.advance(timedelta(hours=2))
        assert client.get(door).status_code == client.post(door).status_code == 404
        put_together()
        session.expire_all()
        assert session.scalars(select(DataCopyPart)).all() == []
        assert session.scalars(select(DataCopy.state)).all() == [CopyState.OVER]


def test_a_guessed_or_changed_link_shows_nothing(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session, phone="+447700900201")
    session.commit()
    app = as_customer(client, ben)
    app.post("/v1/me/export")
    put_together()
    door = app.get("/v1/me/export").json["link"].removeprefix(BASE)
    changed = door[:-2] + ("A" if door[-2] != "A" else "B") + door[-1]
    for wrong in (changed, "/c/x", "/c/" + "A" * 70, "/c/ä"):
        assert client.get(wrong).status_code == client.post(wrong).status_code == 404


def test_a_sign_in_of_yesterday_is_not_enough(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session, phone="+447700900201")
    session.commit()
    app = as_customer(client, ben)
    for signed_in in session.scalars(select(SignIn)):
        assert signed_in.verified_at is not None
        signed_in.verified_at -= timedelta(minutes=6)
    session.commit()
    for path in ("/v1/me/export", "/v1/me/deletion"):
        answer = app.post(path)
        assert (answer.status_code, answer.json["code"]) == (403, "auth.stale")
    fresh = as_customer(client, ben, device="tablet")
    fresh.post("/v1/me/export")
    put_together()
    assert fresh.get("/v1/me/export").json["link"] is not None
    shown = app.get("/v1/me/export").json
    assert (shown["state"], shown["link"]) == ("ready", None)


def test_the_app_hears_that_its_copy_is_ready_and_the_push_holds_no_link(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session, phone="+447700900201", push="token-of-ben")
    session.commit()
    as_customer(client, ben).post("/v1/me/export")
    put_together()
    [told] = session.scalars(select(Delivery).where(Delivery.kind == copying.EVENT))
    assert (told.channel, "/c/" in told.text) == ("push", False)


def test_whoever_died_over_a_copy_is_replaced_and_comes_too_late(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session, phone="+447700900201")
    session.commit()
    with clock.stopped(clock.now()):
        as_customer(client, ben).post("/v1/me/export")
        dead = copying.perform(copying._claim)
        assert dead is not None
        put_together()
        session.expire_all()
        assert session.scalars(select(DataCopy.state)).all() == [CopyState.ASKED]  # it may still be at it
        clock.advance(copying.CLAIMED_FOR + timedelta(seconds=1))
        put_together()
        copying.perform(lambda opened: copying._keep(dead[0], dead[2], [b"late"], BASE, opened))
        session.expire_all()
        [made] = session.scalars(select(DataCopy))
        assert made.state == CopyState.READY and made.size is not None and made.size > 100
        assert len(session.scalars(select(DataCopyPart)).all()) == 1


def test_a_link_goes_where_the_copy_was_asked_for_and_leaves_no_trace_in_the_log(session: Session) -> None:
    ben = a_customer(session, phone="+447700900201", telegram=700201, push="token-of-ben")
    chat = point_of(session, ben, "telegram")
    session.commit()
    customer = Actor(role=Role.CUSTOMER, channel=Channel.TELEGRAM, id=ben.id, contact_id=ben.id, level=3)
    copying.perform(lambda opened: copying.ask(opened, customer, ben.id, point=chat))
    put_together()
    told = {one.channel: one.text for one in session.scalars(select(Delivery).where(Delivery.kind == copying.EVENT))}
    assert set(told) == {"telegram", "push"}
    assert f"{BASE}/c/" in told["telegram"] and "/c/" not in told["push"]
    assert not [fact.kind for fact in session.scalars(select(Interaction)) if "/c/" in fact.payload]


def test_what_the_former_holder_of_a_number_wrote_is_not_in_the_copy_of_the_next(
    client: FlaskClient, session: Session
) -> None:
    assert Phones().text("+447700900201", "my parrot is called Kiwi") == 200
    session.add(Lead(name="Zoe Strasser", phone="+447700900201", notes="Has a Kiwi."))
    ben = a_customer(session)
    points.add(session, SYSTEM, contact=ben, channel="sms", address="+447700900201")
    session.commit()
    app = as_customer(client, ben)
    app.post("/v1/me/export")
    put_together()
    packed = client.post(app.get("/v1/me/export").json["link"].removeprefix(BASE)).data
    assert "+447700900201" in text_of(packed) and "Kiwi" not in text_of(packed)
