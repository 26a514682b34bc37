"""What holds for every operation of the real application: closed to strangers, and unbroken by nonsense."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from mcrm.actors import Role
from mcrm.api.ratelimit import Rate
from mcrm.api.state import EXTENSION, Access, Root
from mcrm.interactions.models import LogHead
from tests.callers import Caller, as_customer, as_staff
from tests.cast import a_customer

UNKNOWN = "01890000-0000-7000-8000-000000000000"
NONSENSE: tuple[Any, ...] = (
    {},
    [],
    None,
    "text",
    {"role": "admin"},
    {"name": None, "lines": None, "state": None, "product_id": None},
    {"name": "\u0000", "title": "\ud800", "reason": {}, "proof": {"x": "\u0000"}},
    {"name": "x" * 300, "quantity": 10**30, "unit_price": -1, "currency": "???", "timezone": "Mars/Olympus"},
    {"contact_id": UNKNOWN, "lines": [{"product_id": UNKNOWN, "quantity": 1}]},
    {"product_id": UNKNOWN, "quantity": 1, "reason": "x", "unit_price": 1},
    {"name": "Tom Reilly", "account_id": UNKNOWN},
    {"name": "West", "territory_id": UNKNOWN, "parent_id": UNKNOWN, "kind": "company"},
    {"channel": "sms", "address": "\u0661\u0662\u0663"},
    {"channel": "telegram", "address": "9" * 500},
    {"state": "granted", "proof": {"deep": [[[[[[]]]]]]}},
    {"title": "T", "body": "B", "starts_at": "2199-12-31T23:59:59Z", "ends_at": "1900-01-01T00:00:00Z"},
)
QUERIES = ("", "?limit=0", "?cursor=x", "?q=%25%5F%27%00", "?phone=%2B", "?kind=x", "?number=%23", "?%FF=1", "?a=1&a=2")
Operation = tuple[str, str, Access]


def operations(client: FlaskClient) -> Iterator[Operation]:
    """(path with an unknown id in it, method, who may call) of everything that is not a webhook."""
    app = client.application
    [state] = [part for extension in app.extensions.values() if isinstance(part := extension, Root)]
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:uuid:)?(\w+)>", lambda name: "sms" if name[1] == "channel" else UNKNOWN, rule.rule)
        for method in sorted(rule.methods or ()):
            if (access := state.access.get((rule.endpoint, method))) is not None:
                yield path, method, access


def call(caller: Caller, path: str, method: str, body: Any = None, **headers: str) -> TestResponse:
    sent = {} if method in {"GET", "DELETE"} else {"data": json.dumps(body), "content_type": "application/json"}
    return caller.client.open(path, method=method, headers={**caller.headers, **headers}, **sent)


@pytest.fixture
def people(client: FlaskClient, session: Session) -> dict[Role, Caller]:
    """One signed-in caller of every role; the rep has no territory."""
    ben = a_customer(session)
    session.commit()
    staff = {role: as_staff(client, role) for role in (Role.ADMIN, Role.MANAGER, Role.REP, Role.AGENT)}
    return {**staff, Role.CUSTOMER: as_customer(client, ben)}


def test_every_operation_asks_who_calls_before_it_looks_at_anything(client: FlaskClient) -> None:
    client.application.extensions[EXTENSION].by_address.rate = Rate(10**6, 10**6)  # there are more than strangers get
    for path, method, access in operations(client):
        if not access.public:
            assert client.open(f"{path}?nonsense=1", method=method, data="{").status_code == 401, (method, path)


def test_every_operation_refuses_the_roles_it_does_not_name(client: FlaskClient, people: dict[Role, Caller]) -> None:
    client.application.extensions[EXTENSION].by_actor.rate = Rate(10**6, 10**6)  # more than one may call
    refused = 0
    for path, method, access in operations(client):
        for role in [] if access.public else people.keys() - access.roles:
            answer = call(people[role], f"{path}?nonsense=1", method, {"role": "admin"})
            assert (answer.status_code, answer.json["code"]) == (403, "auth.role-missing"), (role, method, path)
            refused += 1
    assert refused > 100


def test_nonsense_breaks_nothing_and_changes_nothing(
    client: FlaskClient, people: dict[Role, Caller], session: Session
) -> None:
    client.application.extensions[EXTENSION].by_actor.rate = Rate(10**6, 10**6)  # more than one may call
    for path, method, access in operations(client):
        if access.public or "/sessions" in path or "/logout" in path:
            continue
        caller = people[Role.ADMIN if Role.ADMIN in access.roles else Role.CUSTOMER]
        head = position(session)
        if method == "GET":
            statuses = [call(caller, f"{path}{query}", method).status_code for query in QUERIES]
            assert UNKNOWN not in path or statuses[0] == 404, path
        else:
            answers = (call(caller, path, method, body, **{"If-Match": '"1"'}) for body in NONSENSE)
            statuses = [answer.status_code for answer in answers]
        assert max(statuses) < 429, (method, path, statuses)
        assert 401 not in statuses, "who calls is signed in to the end"
        taken_out = statuses.count(200) if path.startswith("/v1/exports") else 0  # who takes data out is noted
        asked_for = statuses.count(202) if path == "/v1/me/export" else 0  # an empty body is all that it takes
        assert position(session) == head + taken_out + asked_for, (method, path)


def position(session: Session) -> int | None:
    """Where the log stands: every change moves it."""
    session.expire_all()
    return session.scalar(select(LogHead.position))
