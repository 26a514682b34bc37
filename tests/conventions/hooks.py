"""What Schemathesis cannot read out of a description; loaded by the tool itself, in its own process."""

import json
from datetime import date
from typing import Any
from uuid import uuid4
from zoneinfo import available_timezones

import schemathesis
from babel.numbers import list_currencies
from hypothesis import strategies
from schemathesis.core.failures import Failure
from schemathesis.core.transport import Response
from schemathesis.generation import GenerationMode
from schemathesis.generation.case import Case
from schemathesis.hooks import HookContext

days = strategies.dates(date(1900, 1, 2), date(2199, 12, 30)).map(date.isoformat)
FORMATS: dict[str, strategies.SearchStrategy[str]] = {
    "date": days,
    "date-time": days.map("{}T09:30:00Z".format),
    "iso-4217": strategies.sampled_from(sorted(list_currencies())),
    "iana-time-zone": strategies.sampled_from(sorted(available_timezones())),
    "phone": strategies.integers(0, 99).map("+4477009002{:02}".format),
}
"""What hits the mark at once; drawing texts until one is a time zone costs minutes."""

for name, values in FORMATS.items():
    schemathesis.openapi.format(name, values)


@schemathesis.hook
def before_load_schema(context: HookContext, raw_schema: dict[str, Any]) -> None:
    """Let a format of ours stand alone: no time zone has exactly 60 characters, and looking for one costs seconds."""
    waiting: list[Any] = [raw_schema]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            named = part.get("format")  # or the shape of a member of that name
            if isinstance(named, str) and named in FORMATS:
                for bound in ("minLength", "maxLength", "pattern"):
                    part.pop(bound, None)
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)


@schemathesis.hook
def before_call(context: HookContext, case: Case, kwargs: dict[str, Any]) -> None:
    """Let well-formed writes through: no key that was used before, and a tag that is always today's."""
    if case.meta and case.meta.generation.mode is GenerationMode.POSITIVE:
        fresh = {"If-Match": "*", "Idempotency-Key": str(uuid4())}
        case.headers.update({name: value for name, value in fresh.items() if name in case.headers})


@schemathesis.hook
def filter_failure(context: HookContext, failure: Failure, case: Case, response: Response) -> bool:
    """Drop what no schema can say: refusals by a rule with a code of its own, and cursors, which are signed."""
    if failure.code != "ST202":
        return True
    problem = json.loads(response.content)
    return problem["code"] == "invalid" and all(error["code"] != "cursor" for error in problem["errors"])
