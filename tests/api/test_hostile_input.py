"""Whatever a client sends, it gets a problem that says what is wrong, never a 500 and never a silent acceptance."""

import gzip
import json
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

GOOD = {"name": "Huila"}


def post(
    client: FlaskClient, body: bytes | str, content_type: str = "application/json", **headers: str
) -> TestResponse:
    """Send a raw body."""
    return client.post("/v1/beans", data=body, content_type=content_type, headers=headers)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 400, "body.empty"),
        (b"   ", 400, "body.empty"),
        (b"{", 400, "body.malformed"),
        (b'{"name": "\xff"}', 400, "body.malformed"),
        (b'{"name": NaN}', 400, "body.malformed"),
        (b'{"price": -Infinity}', 400, "body.malformed"),
        (b'{"name": "a", "name": "b"}', 400, "body.duplicate-member"),
        (b'{"extra": {"a": 1, "a": 2}, "name": "a"}', 400, "body.duplicate-member"),
        (b'{"price": ' + b"9" * 5000 + b"}", 400, "body.number-too-large"),
        (b'{"price": 1e999}', 400, "body.number-too-large"),
        (b"[" * 10_000 + b"]" * 10_000, 400, "body.too-deep"),
        (b'{"extra":' + b'{"a":' * 100 + b"1" + b"}" * 101, 400, "body.too-deep"),
        (b'[{"name": "Huila"}]', 422, "invalid"),
        (b"null", 422, "invalid"),
        (b'"Huila"', 422, "invalid"),
    ],
)
def test_a_body_that_is_not_the_json_we_take_is_refused(
    client: FlaskClient, body: bytes, status: int, code: str
) -> None:
    response = post(client, body)

    assert (response.status_code, response.json["code"]) == (status, code)
    assert response.mimetype == "application/problem+json"


@pytest.mark.parametrize(
    ("member", "value", "code"),
    [
        ("name", "a\u0000b", "characters"),
        ("name", "\ud800", "characters"),
        ("name", "", "too_short"),
        ("name", "x" * 41, "too_long"),
        ("name", 5, "invalid"),
        ("name", None, "null"),
        ("price", 10**30, "out_of_range"),
        ("price", 2**63 - 1, "out_of_range"),
        ("price", -1, "out_of_range"),
        ("price", "5", "invalid"),
        ("price", 5.7, "invalid"),
        ("price", True, "invalid"),
        ("organic", "true", "invalid"),
        ("organic", 1, "invalid"),
        ("roast", "metadata", "unknown"),
        ("roast", ["dark"], "unknown"),
        ("currency", "QQQ", "currency"),
        ("currency", "gbp", "currency"),
        ("currency", "GBP\n", "currency"),
        ("grower", "12", "phone"),
        ("grower", "not a phone", "phone"),
        ("locale", "klingon-worf", "locale"),
        ("picked_at", "2000-01-01T00:00:00", "invalid"),
        ("picked_at", "0001-01-01T00:00:00+14:00", "invalid"),
        ("picked_at", "9999-12-31T23:59:59-14:00", "invalid"),
        ("picked_at", "2026-02-30T00:00:00Z", "invalid"),
        ("picked_at", 1767312000, "invalid"),
        ("tags", ["a", "b", "c", "d"], "too_long"),
        ("tags", "a", "invalid"),
        ("extra", {"a": {"b": ["\u0000"]}}, "characters"),
        ("extra", {"\ud800": 1}, "characters"),
        ("extra", {"a": "x" * 10_001}, "too_long"),
        ("id", "01a214f3-2d7f-76bb-a7d9-00332d13647e", "unknown"),
        ("owner", "sam", "unknown"),
    ],
)
def test_a_member_that_no_database_should_see_is_named_with_its_code(
    client: FlaskClient, member: str, value: Any, code: str
) -> None:
    response = post(client, json.dumps(GOOD | {member: value}))

    assert response.status_code == 422, response.text
    assert [(error["field"], error["code"]) for error in response.json["errors"]] == [(member, code)]


def test_what_json_schema_calls_an_integer_is_taken(client: FlaskClient) -> None:
    response = post(client, '{"name": "Huila", "price": 5.0}')

    assert response.json["price"] == 5


def test_the_name_of_an_unknown_member_is_printed_whatever_it_is(client: FlaskClient) -> None:
    response = post(client, json.dumps(GOOD | {"\ud800" + "x" * 1000: 1}))

    assert response.status_code == 422
    assert response.json["errors"][0]["field"] == "?" + "x" * 199


def test_a_flood_of_unknown_members_gets_a_short_answer(client: FlaskClient) -> None:
    response = post(client, json.dumps(GOOD | {f"m{number}": 1 for number in range(10_000)}))

    assert len(response.json["errors"]) == 50


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_of_another_type_is_never_taken_for_an_empty_one(
    client: FlaskClient, shelf: dict[Any, Any], content_type: str
) -> None:
    bean = client.post("/v1/beans", json=GOOD).json
    response = client.patch(
        f"/v1/beans/{bean['id']}", data='{"name": "Nariño"}', content_type=content_type, headers={"If-Match": '"1"'}
    )

    assert (response.status_code, response.json["code"]) == (415, "body.wrong-type")
    assert [row["name"] for row in shelf.values()] == ["Huila"]


def test_a_body_may_come_gzipped(client: FlaskClient) -> None:
    response = post(client, gzip.compress(b'{"name": "Huila"}'), **{"Content-Encoding": "gzip"})

    assert response.status_code == 201


@pytest.mark.parametrize(
    ("body", "encoding", "status"),
    [
        (gzip.compress(b" " * 50_000_000), "gzip", 413),
        (b"not gzip", "gzip", 400),
        (gzip.compress(b'{"name": "Huila"}')[:-9], "gzip", 400),
        (gzip.compress(b'{"name": "Huila"}') + b"more", "gzip", 400),
        (b'{"name": "Huila"}', "br", 415),
    ],
    ids=["bomb", "not gzip", "cut off", "more behind it", "another encoding"],
)
def test_a_packed_body_is_held_to_the_same_limits(client: FlaskClient, body: bytes, encoding: str, status: int) -> None:
    response = post(client, body, **{"Content-Encoding": encoding})

    assert response.status_code == status
    assert response.json["status"] == status


def test_a_body_beyond_the_limit_is_413(client: FlaskClient) -> None:
    response = post(client, b'{"name": "' + b"x" * 1_000_001 + b'"}')

    assert (response.status_code, response.json["code"]) == (413, "body.too-large")


@pytest.mark.parametrize(
    ("query", "field", "code"),
    [
        ("ownr_id=5", "ownr_id", "unknown"),
        ("limit=5&limit=6", "limit", "repeated"),
        ("limit=0", "limit", "out_of_range"),
        ("limit=1000000", "limit", "out_of_range"),
        ("limit=5.0", "limit", "invalid"),
        ("limit=" + "9" * 5000, "limit", "invalid"),
        ("roast=__class__", "roast", "unknown"),
        ("organic=yes", "organic", "invalid"),
        ("roast=%FF", "", "encoding"),
        ("tag=a&tag=b&tag=c", "tag", "too_long"),
        ("tag=a%00", "tag.0", "characters"),
    ],
)
def test_a_query_says_exactly_what_is_declared(client: FlaskClient, query: str, field: str, code: str) -> None:
    response = client.get(f"/v1/beans?{query}")

    assert response.status_code == 422
    assert [(error["field"], error["code"]) for error in response.json["errors"]] == [(field, code)]


def test_an_operation_without_parameters_refuses_every_one(client: FlaskClient) -> None:
    assert client.post("/v1/beans?dry_run=1", json=GOOD).json["errors"][0]["field"] == "dry_run"


def test_filters_and_lists_in_a_query_are_understood(client: FlaskClient) -> None:
    assert client.get("/v1/beans?limit=5&roast=dark&organic=true&tag=a&tag=b").status_code == 200


@pytest.mark.parametrize(
    "path", ["/v1/beans/5", "/v1/beans/%00", "/v1/beans/failures/a%00b", "/v1/beans/failures/%FF", "/v1/%ED%A0%80"]
)
def test_a_path_that_names_nothing_is_404(client: FlaskClient, path: str) -> None:
    response = client.get(path)

    assert (response.status_code, response.json["code"]) == (404, "not-found")


def test_a_strange_host_is_refused(client: FlaskClient) -> None:
    response = client.get("/v1/beans", headers={"Host": "evil.example"})

    assert (response.status_code, response.mimetype) == (400, "application/problem+json")
    assert client.get("/v1/beans", headers={"Host": "crm.harbourandpine.example:8443"}).status_code == 200
    assert client.get("/v1/beans", headers={"Host": "127.0.0.1:8000"}).status_code == 200


@pytest.mark.parametrize("accept", ["text/html", "application/xml;q=1, */*;q=0", ";;;", "\xff"])
def test_whatever_is_accepted_json_comes(client: FlaskClient, accept: str) -> None:
    assert client.get("/v1/beans", headers={"Accept": accept}).mimetype == "application/json"
