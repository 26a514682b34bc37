"""An operation that need not be told anything takes a request without a body, whatever type it announces."""

import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.api.ratelimit import Rate
from mcrm.api.state import EXTENSION
from tests.callers import Caller, as_customer, as_staff
from tests.cast import a_customer

NOBODY = "01890000-0000-7000-8000-000000000000"
TYPES = ("application/json", "application/problem+json", "text/plain", "application/x-www-form-urlencoded", None)
PLENTY = Rate(10**6, 10**6)


@pytest.fixture
def callers(client: FlaskClient, session: Session) -> dict[str, Caller]:
    """Whoever may call an operation, by role."""
    limits = client.application.extensions[EXTENSION]
    limits.by_address.rate = limits.by_actor.rate = PLENTY
    ben = a_customer(session, "Ben Okafor", phone="+447700900201")
    session.commit()
    return {"customer": as_customer(client, ben), "admin": as_staff(client, Role.ADMIN)}


def test_what_need_not_be_told_anything_takes_no_body_of_any_type(
    client: FlaskClient, callers: dict[str, Caller]
) -> None:
    paths = client.get("/openapi.json").json["paths"]  # type: ignore[index]
    tried, refused = 0, []
    for path, operations in paths.items():
        operation = operations.get("post", {})
        if operation.get("requestBody", {}).get("required", True):
            continue
        role = "customer" if path.startswith("/v1/me/") else "admin"
        for content_type in TYPES:
            address = re.sub(r"\{\w+\}", NOBODY, path)
            headers = callers[role].headers
            answer = client.post(address, data=b"", content_type=content_type, headers=headers)
            tried += 1
            if answer.status_code in {400, 401, 403, 415} or answer.status_code >= 500:
                refused.append((path, content_type, answer.status_code, answer.text[:200]))
    assert refused == []
    assert tried > 40 * len(TYPES)


def test_words_of_another_type_are_still_refused(client: FlaskClient, callers: dict[str, Caller]) -> None:
    headers = callers["customer"].headers
    said = client.post("/v1/me/export", data=b"please", content_type="text/plain", headers=headers)
    assert said.status_code == 415
    said = client.post("/v1/me/export", data=b"{", content_type="application/json", headers=headers)
    assert said.status_code == 400


def test_what_must_be_told_something_says_so(client: FlaskClient) -> None:
    paths = client.get("/openapi.json").json["paths"]  # type: ignore[index]
    assert paths["/v1/inbox/handovers/{id}/transfer"]["post"]["requestBody"]["required"] is True
