"""JSON out: orjson as Flask's provider. Times in UTC with `Z`, ids in lower case, no NaN."""

from typing import Any

import orjson
from flask import Response
from flask.json.provider import JSONProvider

OPTIONS = orjson.OPT_NAIVE_UTC | orjson.OPT_UTC_Z


def encode(value: Any) -> bytes:
    """JSON as UTF-8; raises TypeError for what JSON cannot say."""
    return orjson.dumps(value, option=OPTIONS)


class OrjsonProvider(JSONProvider):
    """What `jsonify` and flask-smorest use."""

    def dumps(self, obj: Any, **options: Any) -> str:
        """JSON as text; `sort_keys`, `indent` and keys that are not text (OpenAPI has some) are understood."""
        option = OPTIONS | orjson.OPT_NON_STR_KEYS
        if options.get("sort_keys"):
            option |= orjson.OPT_SORT_KEYS
        if options.get("indent"):
            option |= orjson.OPT_INDENT_2
        return orjson.dumps(obj, option=option).decode()

    def loads(self, s: str | bytes, **options: Any) -> Any:
        """The value of a JSON text that we wrote ourselves; requests are read by `bodies`."""
        return orjson.loads(s)

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """The answer that `jsonify` makes."""
        return Response(encode(self._prepare_response_obj(args, kwargs)), mimetype="application/json")
