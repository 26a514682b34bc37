"""How webargs reads our requests: JSON through `bodies`, a query that must say exactly what is declared."""

from typing import Any, NoReturn

import marshmallow as ma
from flask import Request
from webargs.flaskparser import FlaskParser

from mcrm.api.bodies import json_body, raw_body
from mcrm.api.coded import Coded
from mcrm.api.fields import List
from mcrm.api.problems import InvalidInput, field_errors


class StrictParser(FlaskParser):  # type: ignore[misc]  # webargs is untyped to us
    """Unknown and repeated parameters are errors; a wrong type of content is never an empty body."""

    DEFAULT_UNKNOWN_BY_LOCATION = {**FlaskParser.DEFAULT_UNKNOWN_BY_LOCATION, "query": ma.RAISE, "json": ma.RAISE}

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        """The parsed body; a POST that need not say anything may come without one, whatever type it announces."""
        if req.method == "POST" and not needs_something(schema) and not raw_body():
            return {}
        return json_body()

    def load_querystring(self, req: Request, schema: ma.Schema) -> dict[str, Any]:
        """The parameters by name; a list where the schema says so, and only there."""
        by_key = {field.data_key or name: field for name, field in schema.load_fields.items()}
        values: dict[str, Any] = {}
        for name, given in req.args.lists():
            if isinstance(by_key.get(name), List):
                values[name] = given
            elif len(given) > 1:
                repeated = Coded("Must be given once.", "repeated")
                raise InvalidInput(field_errors({name: [repeated]}))
            else:
                values[name] = given[0]
        return values

    def handle_error(self, error: ma.ValidationError, *unused: Any, **also_unused: Any) -> NoReturn:
        """Turn marshmallow's tree of messages into our flat list; `error.messages` is keyed by location first."""
        messages = error.messages
        (tree,) = messages.values() if isinstance(messages, dict) and len(messages) == 1 else (messages,)
        raise InvalidInput(field_errors(tree)) from None


def needs_something(schema: ma.Schema) -> bool:
    """Whether a body of this shape must hold anything at all."""
    return bool(getattr(schema, "either", None)) or any(field.required for field in schema.load_fields.values())
