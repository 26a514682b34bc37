"""What the description of the API promises of every operation: nothing is left out, nothing is untyped."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from mcrm.api.problems import PROBLEM_TYPE
from mcrm.api.state import Root
from mcrm.bulk.exporting import SOURCES
from mcrm.examples import EXAMPLES
from tests import doors

OPERATION_ID = re.compile(r"[a-z]+(-[a-z]+)*\.[A-Z][A-Za-z]+\.(get|post|put|patch|delete)")
ALWAYS = {"400", "422", "429", "500", "503"}
SIGNED_IN = {"401", "403"}
TAGGED = {"304": {"get"}, "412": {"put", "patch", "delete"}, "428": {"put", "patch", "delete"}}
NOT_DESCRIBED = {"health", "docs", "carrier-doors", "copy-doors"}
"""What operators, browsers and carriers ask for; its answers are no part of the API's promise."""
FILES = {
    "/v1/invoices/{id}/pdf": "application/pdf",
    "/v1/me/invoices/{id}/pdf": "application/pdf",
    "/i/{token}": "application/pdf",
    "/v1/ledger/entries.csv": "text/csv",
    "/v1/imports/{id}/report.csv": "text/csv",
    **{f"/v1/exports/{name}.csv": "text/csv" for name in SOURCES},
}

Operation = tuple[str, str, dict[str, Any]]


@pytest.fixture(scope="module")
def app() -> Flask:
    """The real application; nothing here asks it for rows."""
    return doors.make_app()


@pytest.fixture(scope="module")
def document(app: Flask) -> dict[str, Any]:
    """Its description, as a client reads it."""
    read: dict[str, Any] = app.test_client().get("/openapi.json").json
    return read


@pytest.fixture(scope="module")
def operations(document: dict[str, Any]) -> list[Operation]:
    """(path, method, operation), references in parameters, answers and headers followed."""
    return [
        (path, method, resolved(document, operation))
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method != "parameters"
    ]


def resolved(document: dict[str, Any], value: Any) -> Any:
    """The value with every reference replaced by what it names, except references to shapes."""
    if isinstance(value, list):
        return [resolved(document, item) for item in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value and not value["$ref"].startswith("#/components/schemas/"):
        return resolved(document, followed(document, value["$ref"]))
    return {name: resolved(document, item) for name, item in value.items()}


def followed(document: dict[str, Any], reference: str) -> Any:
    """What a reference names; KeyError when it names nothing."""
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def references(value: Any) -> Iterator[str]:
    """Every reference within."""
    if isinstance(value, dict):
        if isinstance(reference := value.get("$ref"), str):
            yield reference
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def test_every_reference_names_something_and_every_component_is_used(document: dict[str, Any]) -> None:
    used = set(references(document))
    for reference in used:
        followed(document, reference)
    kept = {"securitySchemes", "headers"}
    there = {
        f"#/components/{kind}/{name}"
        for kind, named in document["components"].items()
        if kind not in kept
        for name in named
    }
    assert there - used == set()


def test_operations_have_one_readable_name_each_and_say_what_they_do(operations: list[Operation]) -> None:
    names = [operation["operationId"] for _, _, operation in operations]
    assert len(names) == len(set(names)) > 70
    for path, method, operation in operations:
        assert OPERATION_ID.fullmatch(operation["operationId"]), (path, method)
        assert len(operation["summary"]) > 5, (path, method)


def test_every_tag_is_explained(document: dict[str, Any], operations: list[Operation]) -> None:
    explained = {tag["name"]: tag["description"] for tag in document["tags"]}
    for _, _, operation in operations:
        for tag in operation["tags"]:
            assert explained[tag].endswith("."), tag


def test_every_answer_is_typed_and_carries_the_requests_id(operations: list[Operation]) -> None:
    for path, method, operation in operations:
        for status, answer in operation["responses"].items():
            where = (method, path, status)
            assert "X-Request-ID" in answer["headers"], where
            if status in {"204", "304"}:
                assert "content" not in answer, where
                continue
            [(kind, content)] = answer["content"].items()
            success = FILES.get(path, "application/json")
            assert kind == (PROBLEM_TYPE if int(status) >= 400 else success), where
            shape = content["schema"]
            assert "$ref" in shape or "$ref" in shape.get("items", {}) or kind in FILES.values(), where


def test_every_problem_that_can_come_is_named(operations: list[Operation]) -> None:
    for path, method, operation in operations:
        statuses = set(operation["responses"])
        where = (method, path)
        assert sum(status < "300" for status in statuses) == 1, where
        assert statuses >= ALWAYS, where
        assert operation["security"] == [] or statuses >= SIGNED_IN, where
        assert "{" not in path or "404" in statuses, where
        assert method == "get" or "409" in statuses, where
        assert "requestBody" not in operation or statuses >= {"413", "415"}, where
        assert not statuses & set(TAGGED) or all(
            (status in statuses) == (method in methods) for status, methods in TAGGED.items()
        ), where


def test_who_must_wait_or_sign_in_is_told_how(operations: list[Operation]) -> None:
    for path, method, operation in operations:
        for status, header in (("429", "Retry-After"), ("503", "Retry-After"), ("401", "WWW-Authenticate")):
            answer = operation["responses"].get(status)
            assert answer is None or header in answer["headers"], (method, path, status)


def test_keys_and_tags_are_parameters_where_they_are_honoured(operations: list[Operation]) -> None:
    for path, method, operation in operations:
        sent = {
            parameter["name"]: parameter for parameter in operation.get("parameters", []) if parameter["in"] == "header"
        }
        where = (method, path)
        replays = method in {"post", "patch"} and not path.startswith("/v1/auth/")
        assert ("Idempotency-Key" in sent) == replays, where
        assert ("Idempotency-Replayed" in _success(operation)["headers"]) == replays, where
        assert ("If-None-Match" in sent) == ("304" in operation["responses"]), where
        assert ("If-Match" in sent) == ("428" in operation["responses"]), where
        assert "If-Match" not in sent or sent["If-Match"]["required"], where


def test_every_list_is_read_in_the_same_way(document: dict[str, Any], operations: list[Operation]) -> None:
    pages = 0
    for path, method, operation in operations:
        content = _success(operation).get("content", {}).get("application/json", {})
        name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
        if not name.endswith("Page"):
            continue
        pages += 1
        shape = document["components"]["schemas"][name]["properties"]
        query = {
            parameter["name"]: parameter["schema"]
            for parameter in operation["parameters"]
            if parameter["in"] == "query"
        }
        assert (method, set(shape)) == ("get", {"items", "next_cursor"}), path
        assert (query["limit"]["minimum"], query["limit"]["maximum"], query["limit"]["default"]) == (1, 100, 50), path
        assert "cursor" in query, path
    assert pages > 10


def test_what_must_not_say_anything_may_come_without_a_body(operations: list[Operation]) -> None:
    optional = {path for path, _, operation in operations if not operation.get("requestBody", {}).get("required", True)}
    assert "/v1/orders/{id}/confirmation" in optional
    assert "/v1/orders" not in optional


def test_every_route_is_described_or_known_not_to_be(app: Flask, operations: list[Operation]) -> None:
    [state] = [part for part in app.extensions.values() if isinstance(part, Root)]
    routes = {
        (re.sub(r"<(?:uuid:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.endpoint not in state.open_endpoints
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert {(path, method) for path, method, _ in operations} == routes
    assert {endpoint.partition(".")[0] for endpoint in state.open_endpoints} <= NOT_DESCRIBED


def test_shapes_are_explained_in_words(document: dict[str, Any]) -> None:
    for name, shape in document["components"]["schemas"].items():
        assert shape.get("description", "").endswith("."), name


def test_examples_stand_at_the_shapes_that_callers_write(document: dict[str, Any]) -> None:
    shapes = document["components"]["schemas"]
    for name, example in EXAMPLES.items():
        assert shapes[name]["examples"] == [example]
        assert set(example) <= set(shapes[name]["properties"]), name
        assert set(example) >= set(shapes[name].get("required", ())), name


def _success(operation: dict[str, Any]) -> dict[str, Any]:
    [answer] = [answer for status, answer in operation["responses"].items() if status < "300"]
    found: dict[str, Any] = answer
    return found
