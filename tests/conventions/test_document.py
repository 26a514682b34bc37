"""The description is a well-formed OpenAPI document, and its examples are what it says of them."""

from typing import Any

import jsonschema_rs
import pytest
from schemathesis.specs.openapi.definitions import OPENAPI_31

from mcrm.api.describing import PROBLEMS
from mcrm.examples import EXAMPLES
from tests import doors


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    """As a client reads it."""
    read: dict[str, Any] = doors.make_app().test_client().get("/openapi.json").json
    return read


def test_the_document_is_what_openapi_3_1_demands(document: dict[str, Any]) -> None:
    errors = [error.message for error in jsonschema_rs.Draft202012Validator(OPENAPI_31).iter_errors(document)]

    assert errors == []


def test_every_shape_is_a_json_schema(document: dict[str, Any]) -> None:
    for name, shape in document["components"]["schemas"].items():
        assert jsonschema_rs.meta.is_valid({**shape, "$schema": "https://json-schema.org/draft/2020-12/schema"}), name


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_one(document: dict[str, Any], name: str) -> None:
    checked({"$ref": f"#/components/schemas/{name}"}, EXAMPLES[name], document)


@pytest.mark.parametrize("status", PROBLEMS)
def test_the_example_of_a_problem_is_one(document: dict[str, Any], status: int) -> None:
    [content] = document["components"]["responses"][PROBLEMS[status].name]["content"].values()
    checked(content["schema"], content["example"], document)


def checked(shape: dict[str, Any], example: Any, document: dict[str, Any]) -> None:
    """Raises ValidationError unless the example is of that shape."""
    schema = {**shape, "components": document["components"]}
    jsonschema_rs.Draft202012Validator(schema, validate_formats=True).validate(example)
