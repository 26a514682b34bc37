"""Closed unless declared: who may call is decided before anything else of a request is looked at."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask.views import MethodView

from mcrm.actors import Role
from mcrm.api.blueprint import Blueprint, Undeclared
from mcrm.api.ratelimit import Buckets, Rate, TooManyRequests
from mcrm.api.root import Api
from tests.api.conftest import BeanQuery, BeanSchema

Make = Callable[..., tuple[Flask, Api]]


def test_without_a_token_nothing_is_told(client: FlaskClient) -> None:
    del client.environ_base["HTTP_AUTHORIZATION"]
    response = client.post("/v1/beans", data="nonsense")

    assert (response.status_code, response.json["code"]) == (401, "auth.required")
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="mcrm"'


@pytest.mark.parametrize(
    "header", ["Bearer nobody", "Basic YWRhOmFkYQ==", "Bearer", "Bearer \xff", "bearer " + "x" * 5000]
)
def test_a_bad_token_is_401(client: FlaskClient, header: str) -> None:
    response = client.get("/v1/beans", headers={"Authorization": header})

    assert (response.status_code, response.json["code"]) == (401, "auth.invalid-token")
    assert 'error="invalid_token"' in response.headers["WWW-Authenticate"]


def test_a_customer_is_refused_before_the_input_is_judged(client: FlaskClient) -> None:
    response = client.get("/v1/beans?nonsense=1", headers={"Authorization": "Bearer ben"})

    assert (response.status_code, response.json["code"]) == (403, "auth.role-missing")


def test_one_method_may_be_closer_guarded_than_the_others(client: FlaskClient) -> None:
    sam = {"Authorization": "Bearer sam"}

    assert client.get("/v1/beans", headers=sam).status_code == 200
    assert client.head("/v1/beans", headers=sam).status_code == 200
    assert client.post("/v1/beans", json={}, headers=sam).status_code == 403


def test_options_tells_the_methods_and_nothing_else(client: FlaskClient) -> None:
    response = client.options("/v1/beans")

    assert set(response.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS", "POST"}
    assert response.data == b""


def test_an_operation_that_does_not_say_who_may_call_it_does_not_start() -> None:
    blueprint = Blueprint("leaks", __name__)

    with pytest.raises(Undeclared, match="needs either roles= or public=True"):

        @blueprint.route("/v1/leaks")
        class Leaks(MethodView):
            @blueprint.response(200, BeanSchema())
            def get(self) -> dict[str, Any]:
                """Leak."""
                return {}


def test_a_route_that_nobody_declared_does_not_start(make: Make) -> None:
    app, api = make()
    app.add_url_rule("/debug", "debug", lambda: "everything")

    with pytest.raises(Undeclared, match="debug"):
        api.seal()
    assert app.test_client().get("/debug").status_code == 403


def test_a_schema_class_an_int_in_a_path_and_a_second_query_do_not_start() -> None:
    blueprint = Blueprint("strange", __name__)

    with pytest.raises(Undeclared, match="pass an instance"):
        blueprint.arguments(BeanSchema)  # type: ignore[arg-type]
    with pytest.raises(Undeclared, match="pass an instance"):
        blueprint.response(200, BeanSchema)  # type: ignore[arg-type]
    with pytest.raises(Undeclared, match="subclass of Query"):
        blueprint.arguments(BeanSchema(), location="query")
    with pytest.raises(Undeclared, match="uuid"):
        blueprint.route("/<int:number>", roles={Role.ADMIN})(lambda number: None)
    twice = blueprint.arguments(BeanQuery(), location="query")
    with pytest.raises(Undeclared, match="two query schemas"):
        blueprint.route("/", roles={Role.ADMIN})(twice(twice(lambda first, second: None)))


def test_a_caller_who_hurries_is_told_when_to_come_back(make: Make) -> None:
    app, _ = make(actor_rate=Rate(per_second=0.5, burst=2))
    client = app.test_client()
    answers = [client.get("/v1/beans", headers={"Authorization": "Bearer sam"}) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert (answers[2].json["code"], answers[2].headers["Retry-After"]) == ("rate.limited", "2")
    assert client.get("/v1/beans", headers={"Authorization": "Bearer ada"}).status_code == 200


def test_guessing_tokens_is_slowed_down_by_address(make: Make) -> None:
    app, _ = make(address_rate=Rate(per_second=0.5, burst=2))
    client = app.test_client()
    answers = [client.get("/v1/beans", headers={"Authorization": f"Bearer guess{n}"}) for n in range(3)]

    assert [answer.status_code for answer in answers] == [401, 401, 429]


def test_tokens_come_back_with_time() -> None:
    seconds = [0.0]
    buckets = Buckets(Rate(per_second=2, burst=1), monotonic=lambda: seconds[0])
    buckets.spend("sam")
    with pytest.raises(TooManyRequests):
        buckets.spend("sam")
    seconds[0] = 0.5

    buckets.spend("sam")
