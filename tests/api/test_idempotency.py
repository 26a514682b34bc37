"""The same intent sent twice has one effect and gets one answer, on both databases."""

import hashlib
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask.views import MethodView
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mcrm import clock, keys
from mcrm.access.models import IdempotencyKey
from mcrm.actors import Role
from mcrm.api import fields
from mcrm.api.blueprint import Blueprint
from mcrm.api.idempotency import forget
from mcrm.api.root import Api
from mcrm.db import Database, reading
from mcrm.errors import Conflict
from mcrm.holding import holding
from mcrm.territories.models import Territory
from mcrm.transaction import perform, transaction

Make = Callable[..., tuple[Flask, Api]]
ADA = {"Authorization": "Bearer ada"}


class TerritorySchema(fields.Schema):
    """A territory."""

    id = fields.Uuid(dump_only=True)
    rev = fields.Int(dump_only=True)
    name = fields.Str(required=True)


class NameTaken(Conflict):
    """There is a territory of this name."""

    code = "territory.taken"


def territory_blueprint(pause: Callable[[], None] = lambda: None) -> Blueprint:
    """Territories over REST, as a resource is written in this house; `pause` runs within the transaction."""
    blueprint = Blueprint("territories", __name__, url_prefix="/v1/territories")

    def add(session: Session, name: str) -> Territory:
        if session.scalar(select(Territory).where(Territory.name == name)):
            raise NameTaken
        territory = Territory(name=name, timezone=None)
        session.add(territory)
        session.flush()
        pause()
        return territory

    @blueprint.route("", roles={Role.ADMIN, Role.REP})
    @blueprint.etag
    class Territories(MethodView):
        @blueprint.arguments(TerritorySchema())
        @blueprint.response(201, TerritorySchema())
        def post(self, facts: dict[str, Any]) -> tuple[Territory, dict[str, str]]:
            """Add a territory."""
            with transaction() as session:
                return add(session, **facts), {"Location": "/v1/territories/1"}

    @blueprint.route("/performed", roles={Role.ADMIN})
    class Performed(MethodView):
        @blueprint.arguments(TerritorySchema())
        @blueprint.response(201, TerritorySchema())
        def post(self, facts: dict[str, Any]) -> Territory:
            """Add a territory, again where the database asks for it."""
            return perform(lambda session: add(session, **facts))

    return blueprint


def post(client: FlaskClient, key: str | None = "intent-1", path: str = "", **options: Any) -> Any:
    """Add the territory West (or `json`) with this key."""
    headers = ADA | ({"Idempotency-Key": key} if key else {}) | options.pop("headers", {})
    return client.post(f"/v1/territories{path}", headers=headers, **{"json": {"name": "West"}} | options)


@pytest.fixture
def territories(make: Make, database: Database) -> FlaskClient:
    """A client of the application with the resource, on the database under test."""
    app, api = make()
    api.register_blueprint(territory_blueprint())
    return app.test_client()


def count(of: type[Any]) -> int:
    """How many rows of a table there are."""
    with reading() as session:
        return session.scalar(select(func.count()).select_from(of)) or 0


@pytest.mark.parametrize("path", ["", "/performed"])
def test_a_write_sent_twice_happens_once_and_is_answered_alike(territories: FlaskClient, path: str) -> None:
    first, second = post(territories, path=path), post(territories, path=path)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.data == second.data
    for name in ("ETag", "Location", "Content-Type"):
        assert first.headers.get(name) == second.headers.get(name)
    assert ("Idempotency-Replayed" in first.headers, "Idempotency-Replayed" in second.headers) == (False, True)
    assert (count(Territory), count(IdempotencyKey)) == (1, 1)


def test_without_a_key_nothing_is_kept(territories: FlaskClient) -> None:
    assert [post(territories, None).status_code for _ in range(2)] == [201, 409]
    assert count(IdempotencyKey) == 0


def test_a_key_used_for_something_else_is_refused(territories: FlaskClient) -> None:
    post(territories)
    response = post(territories, json={"name": "East"})

    assert (response.status_code, response.json["code"]) == (422, "idempotency.key-reused")
    assert count(Territory) == 1


def test_what_is_kept_of_a_body_cannot_be_guessed_back(territories: FlaskClient) -> None:
    body = b'{"name": "West"}'  # the one of a new user holds a password
    post(territories, json=None, data=body, content_type="application/json")

    with reading() as session:
        kept = session.scalars(select(IdempotencyKey.fingerprint)).one()
    guesses = {
        hashlib.new(name, asked).hexdigest() for name in ("sha256", "sha1", "md5") for asked in (body, b"\0" + body)
    }
    assert kept not in guesses


def test_a_kept_answer_can_be_read_by_nobody_who_has_the_database_alone(territories: FlaskClient) -> None:
    headers = ADA | {"Idempotency-Key": "k"}
    first = territories.post("/v1/territories", json={"name": "West"}, headers=headers)
    with reading() as session:
        kept = session.scalars(select(IdempotencyKey.body)).one()
    assert b"West" in first.data
    assert b"West" not in kept
    assert territories.post("/v1/territories", json={"name": "West"}, headers=headers).data == first.data
    keys.use("another secret of the installation, 32 characters")
    again = territories.post("/v1/territories", json={"name": "West"}, headers=headers)
    assert (again.status_code, again.json["code"]) == (422, "idempotency.key-reused")  # type: ignore[index]


def test_a_key_belongs_to_one_caller_and_one_operation(territories: FlaskClient) -> None:
    post(territories)
    sam = post(territories, json={"name": "East"}, headers={"Authorization": "Bearer sam"})
    elsewhere = post(territories, json={"name": "North"}, path="/performed")

    assert (sam.status_code, elsewhere.status_code) == (201, 201)


def test_a_refusal_is_not_kept(territories: FlaskClient) -> None:
    refused = post(territories, json={"name": ""})
    with transaction() as session:
        session.add(Territory(name="West", timezone=None))
    taken = post(territories)
    with transaction() as session:
        session.delete(session.scalars(select(Territory)).one())

    assert (refused.status_code, taken.status_code) == (422, 409)
    assert post(territories).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "né"])
def test_a_key_that_is_none_is_refused(territories: FlaskClient, key: str) -> None:
    assert post(territories, headers={"Idempotency-Key": key}).status_code == 422


def test_old_keys_are_forgotten(territories: FlaskClient) -> None:
    post(territories)
    with transaction() as session:
        assert forget(session, before=clock.now() - timedelta(hours=48)) == 0
        assert forget(session, before=clock.now() + timedelta(seconds=1)) == 1
    assert count(IdempotencyKey) == 0


def test_twins_at_the_same_moment_have_one_effect_and_one_answer(make: Make, committed: Database) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def pause() -> None:
        inside.set()
        assert go_on.wait(10)

    app, api = make()
    api.register_blueprint(territory_blueprint(pause))
    answers: list[Any] = []
    twins = [threading.Thread(target=lambda: answers.append(post(app.test_client()))) for _ in range(3)]
    twins[0].start()
    assert inside.wait(10)
    for twin in twins[1:]:
        twin.start()
    go_on.set()
    for twin in twins:
        twin.join(20)

    assert [answer.status_code for answer in answers] == [201, 201, 201]
    assert len({answer.data for answer in answers}) == 1
    assert count(Territory) == 1


def test_an_answer_that_cannot_be_kept_takes_its_effect_with_it(
    territories: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*unused: Any) -> None:
        raise OSError("disk")

    monkeypatch.setattr("mcrm.api.idempotency.Claim.keep", fail)

    assert post(territories).status_code == 500
    assert (count(Territory), count(IdempotencyKey)) == (0, 0)


def test_a_held_transaction_is_rolled_back_where_the_view_swallows_the_error(database: Database) -> None:
    with holding(lambda session: None):
        try:
            with transaction() as session:
                session.add(Territory(name="West", timezone=None))
                session.flush()
                raise NameTaken
        except NameTaken:
            pass
        with transaction() as session:
            session.add(Territory(name="East", timezone=None))

    with reading() as session:
        assert session.scalars(select(Territory.name)).all() == ["East"]


def test_a_transaction_within_a_lent_one_is_still_a_mistake(database: Database) -> None:
    with pytest.raises(RuntimeError, match="pass its session on"):
        with holding(lambda session: None), transaction(), transaction():
            pass
