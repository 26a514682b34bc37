"""Bodies that fit: the smallest one that the API's own description allows, for operations that take one."""

import re
from typing import Any

CANDIDATES = ("x", "sms", "admin", "android", "token", "GBP", "en", "a.b", "10042", "ben@harbourandpine.example")
FORMATS = {
    "uuid": "01890000-0000-7000-8000-000000000000",
    "date-time": "2026-11-20T10:00:00Z",
    "date": "2026-11-20",
    "email": "ben@harbourandpine.example",
}
BY_NAME = {
    "address": "+447700900299",
    "phone": "+447700900299",
    "country": "GB",
    "currency": "GBP",
    "locale": "en",
    "timezone": "Europe/London",
    "password": "correct horse battery",
    "new_password": "correct horse battery",
    "body": "Hello.",
}


def body_of(description: dict[str, Any], operation: dict[str, Any]) -> Any:
    """A body for an operation of an OpenAPI document; None where it takes none."""
    content = operation.get("requestBody", {}).get("content", {}).get("application/json")
    return None if content is None else sample(description, content["schema"])


def sample(description: dict[str, Any], schema: dict[str, Any], name: str = "") -> Any:
    """A value that fits a schema: the required members alone, the first choice, the least number."""
    if "$ref" in schema:
        return sample(description, description["components"]["schemas"][schema["$ref"].rpartition("/")[2]], name)
    if "oneOf" in schema:
        return sample(description, schema["oneOf"][0], name)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        members = schema.get("properties", {})
        return {member: sample(description, members[member], member) for member in schema.get("required", ())}
    if kind == "array":
        return [sample(description, schema["items"])] * max(1, schema.get("minItems", 0))
    if kind in {"integer", "number"}:
        return max(1, schema.get("minimum", 1))
    return True if kind == "boolean" else text(schema, name)


def text(schema: dict[str, Any], name: str) -> str:
    """A text of the right form."""
    pattern = re.compile(schema.get("pattern", ""))
    choices = (FORMATS.get(schema.get("format", "")), BY_NAME.get(name), *CANDIDATES)
    fitting = [one for one in choices if one and pattern.search(one)]
    return str(fitting[0] if fitting else choices[-1]).ljust(schema.get("minLength", 0), "x")
