"""What holds at every resource: problems, tags, request ids, headers, packing, health and the description."""

import gzip
import json
import logging
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import exc
from sqlalchemy.orm.exc import StaleDataError

from mcrm.api.root import Api

Make = Callable[..., tuple[Flask, Api]]


class PostgresError(Exception):
    """What psycopg raises, as far as we look at it."""

    def __init__(self, sqlstate: str | None, text: str = "") -> None:
        super().__init__(text)
        self.sqlstate = sqlstate


def test_a_problem_tells_type_title_status_detail_code_and_request(client: FlaskClient) -> None:
    response = client.get("/v1/beans/failures/conflict", headers={"X-Request-ID": "till-4-receipt-77"})

    assert response.status_code == 409
    assert response.json == {
        "type": "urn:mcrm:problem:bean.out",
        "title": "There are no beans left.",
        "status": 409,
        "detail": "There are no beans left.",
        "code": "bean.out",
        "request_id": "till-4-receipt-77",
    }


@pytest.mark.parametrize(("name", "status", "seconds"), [("soon", 429, "7"), ("away", 503, "3")])
def test_who_must_wait_is_told_how_long(client: FlaskClient, name: str, status: int, seconds: str) -> None:
    response = client.get(f"/v1/beans/failures/{name}")

    assert (response.status_code, response.headers["Retry-After"]) == (status, seconds)


def test_a_wrong_method_learns_the_right_ones(client: FlaskClient) -> None:
    response = client.put("/v1/beans", json={})

    assert (response.status_code, response.json["code"]) == (405, "method-not-allowed")
    assert "POST" in response.headers["Allow"]


def test_a_defect_tells_nobody_anything_but_the_request(client: FlaskClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        response = client.get("/v1/beans/failures/defect")

    assert (response.status_code, response.json["code"]) == (500, "internal")
    assert response.json["request_id"] in caplog.text
    assert "KeyError" in caplog.text
    assert "7700900201" not in caplog.text + response.text


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (exc.OperationalError("s", {}, PostgresError("55P03")), 503),
        (exc.OperationalError("s", {}, PostgresError("40P01")), 503),
        (exc.OperationalError("s", {}, PostgresError("57014")), 503),
        (exc.OperationalError("s", {}, PostgresError("53300")), 503),
        (exc.OperationalError("s", {}, PostgresError(None, "connection refused")), 503),
        (exc.OperationalError("s", {}, PostgresError(None, "database is locked")), 503),
        (exc.OperationalError("s", {}, PostgresError(None, "database or disk is full")), 503),
        (exc.TimeoutError("QueuePool limit"), 503),
        (TimeoutError("no turn to write within 10 s"), 503),
        (exc.IntegrityError("s", {}, PostgresError("23505")), 409),
        (exc.DataError("s", {}, PostgresError("22003")), 422),
        (exc.ProgrammingError("s", {}, PostgresError("42601")), 500),
        (StaleDataError("0 were matched"), 409),
    ],
)
def test_a_busy_database_is_503_with_a_time_and_never_a_riddle(
    client: FlaskClient, failures: dict[str, Exception], error: Exception, status: int
) -> None:
    failures["database"] = error
    response = client.get("/v1/beans/failures/database")

    assert response.status_code == status
    assert ("Retry-After" in response.headers) == (status == 503)


def test_an_edit_needs_the_tag_that_was_read(client: FlaskClient) -> None:
    bean = client.post("/v1/beans", json={"name": "Huila"}).json
    url = f"/v1/beans/{bean['id']}"
    read = client.get(url)
    blind = client.patch(url, json={"name": "Nariño"})
    edited = client.patch(url, json={"name": "Nariño"}, headers={"If-Match": read.headers["ETag"]})
    stale = client.patch(url, json={"name": "Cauca"}, headers={"If-Match": read.headers["ETag"]})

    assert read.headers["ETag"] == '"1"'
    assert (blind.status_code, blind.json["code"]) == (428, "etag.required")
    assert (edited.status_code, edited.headers["ETag"]) == (200, '"2"')
    assert (stale.status_code, stale.json["code"]) == (412, "etag.stale")
    assert client.delete(url).status_code == 428
    assert client.delete(url, headers={"If-Match": 'W/"2"'}).status_code == 204


def test_a_current_copy_is_not_sent_again(client: FlaskClient) -> None:
    bean = client.post("/v1/beans", json={"name": "Huila"}).json
    response = client.get(f"/v1/beans/{bean['id']}", headers={"If-None-Match": '"1"'})

    assert (response.status_code, response.data, response.headers["ETag"]) == (304, b"", '"1"')


def test_nothing_comes_with_204(client: FlaskClient) -> None:
    bean = client.post("/v1/beans", json={"name": "Huila"}).json
    response = client.delete(f"/v1/beans/{bean['id']}", headers={"If-Match": '"1"'})

    assert (response.status_code, response.data) == (204, b"")
    assert "Content-Type" not in response.headers


@pytest.mark.parametrize("given", ["", "short", "has spaces in it", "x" * 65, "über-lang-genug"])
def test_a_strange_request_id_is_replaced(client: FlaskClient, given: str) -> None:
    answered = client.get("/livez", headers={"X-Request-ID": given}).headers["X-Request-ID"]

    assert answered != given
    assert len(answered) == 36


def test_every_answer_carries_the_security_headers(client: FlaskClient) -> None:
    for path in ("/v1/beans", "/nowhere", "/livez"):
        headers = client.get(path).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "max-age" in headers["Strict-Transport-Security"]


def test_a_long_answer_comes_packed_to_whoever_takes_that(client: FlaskClient) -> None:
    for number in range(20):
        client.post("/v1/beans", json={"name": f"Huila {number}"})
    plain = client.get("/v1/beans")
    packed = client.get("/v1/beans", headers={"Accept-Encoding": "br, gzip"})

    assert packed.headers["Content-Encoding"] == "gzip"
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(packed.data) == plain.data
    assert len(packed.data) < len(plain.data) / 2
    assert "Content-Encoding" not in client.get("/v1/beans", headers={"Accept-Encoding": "gzip;q=0"}).headers


def test_readiness_tells_each_part(make: Make) -> None:
    def broken() -> str | None:
        raise OSError("host db.internal")

    app, _ = make(checks={"database": lambda: None, "sms": lambda: "off: TWILIO_ACCOUNT_SID is not set"})
    ready = app.test_client().get("/readyz")
    app, _ = make(checks={"database": broken, "migrations": lambda: "behind by 1", "queue": lambda: None})
    not_ready = app.test_client().get("/readyz")

    assert (ready.status_code, ready.json["parts"]["sms"]) == (200, "off: TWILIO_ACCOUNT_SID is not set")
    assert not_ready.status_code == 503
    assert not_ready.json["parts"] == {"database": "failed: OSError", "migrations": "behind by 1", "queue": "ok"}
    assert app.test_client().get("/livez").status_code == 200


def test_metrics_count_operations_and_know_no_ids(make: Make) -> None:
    app, _ = make(gauges={"deliveries_due": lambda: 7.0})
    client = app.test_client()
    client.get("/v1/beans/01a214f3-2d7f-76bb-a7d9-00332d13647e", headers={"Authorization": "Bearer ada"})
    client.open("/v1/beans", method="BREW")
    text = client.get("/metrics").text

    assert "mcrm_deliveries_due 7.0" in text
    assert 'mcrm_requests_total{endpoint="beans.Bean",method="GET",status="404"} 1.0' in text
    assert 'method="other"' in text
    assert "01a214f3" not in text


def test_the_description_is_openapi_3_1_and_names_what_can_happen(client: FlaskClient) -> None:
    description: dict[str, Any] = json.loads(client.get("/openapi.json").data)
    post = description["paths"]["/v1/beans"]["post"]
    patch = description["paths"]["/v1/beans/{id}"]["patch"]

    assert description["openapi"] == "3.1.0"
    assert post["operationId"] == "beans.Beans.post"
    assert post["x-roles"] == ["admin"]
    assert set(post["responses"]) == {
        "201",
        "400",
        "401",
        "403",
        "404",
        "409",
        "413",
        "415",
        "422",
        "429",
        "500",
        "503",
    }
    assert {"404", "412", "428"} < set(patch["responses"])
    assert "default" not in patch["responses"]
    problem = description["components"]["responses"]["CONFLICT"]["content"]
    assert list(problem) == ["application/problem+json"]
    assert description["paths"]["/v1/beans/failures/{name}"]["get"]["security"] == []
    price = description["components"]["schemas"]["Bean"]["properties"]["price"]
    assert (price["type"], price["minimum"], price["maximum"]) == ("integer", 0, 10**12)
    assert "BeanPage" in description["components"]["schemas"]


def test_the_pages_need_no_other_host(client: FlaskClient) -> None:
    page = client.get("/docs")

    assert page.status_code == 200
    assert "http" not in page.text
    assert "script-src 'self';" in page.headers["Content-Security-Policy"]
    for asset in ("swagger-ui.css", "swagger-ui-bundle.js", "start.js"):
        assert f"docs/{asset}" in page.text
        assert client.get(f"/docs/{asset}").status_code == 200
    assert client.get("/docs/..%2F__init__.py").status_code == 404


def test_everything_that_the_pages_name_is_there(client: FlaskClient) -> None:
    text = client.get("/docs").text
    named = re.findall(r'(?:href|src)="([^"]+)"', text)
    assert {name: client.get(f"/{name}").status_code for name in named} == dict.fromkeys(named, 200)
    assert 'rel="icon"' in text, "a browser that is told of none asks for /favicon.ico, which is a 404"
