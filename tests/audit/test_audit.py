"""The audit: who did what to whom, in which request, and never what was written."""

from flask.testing import FlaskClient

from mcrm.actors import Role
from tests.callers import Caller, as_staff


def hire(ada: Caller) -> str:
    facts = {"email": "sam@harbourandpine.example", "name": "Sam Doyle", "role": "rep", "password": "correct horse"}
    return str(ada.post("/v1/users", facts, **{"X-Request-ID": "hiring-sam-0001"}).json["id"])


def test_an_act_is_found_by_who_what_whom_and_request(client: FlaskClient) -> None:
    ada, second = as_staff(client, Role.ADMIN), as_staff(client, Role.ADMIN)
    sam = hire(ada)
    second.patch(f"/v1/users/{sam}", {"team": "field", "name": "Sam D. Doyle"})
    second.post("/v1/territories", {"name": "West"})
    items = ada.get("/v1/audit").json["items"]
    assert [(one["action"], one["fields"]) for one in items] == [
        ("territory.created", ["name"]),
        ("user.changed", ["name", "team"]),
        ("user.created", ["email", "name", "role"]),
    ]

    def actions(**query: str) -> list[str]:
        return [one["action"] for one in ada.get("/v1/audit", **query).json["items"]]

    assert actions(request_id="hiring-sam-0001") == ["user.created"]
    assert actions(subject_id=sam) == ["user.changed", "user.created"]
    assert actions(actor=items[2]["actor"]) == ["user.created"]
    assert actions(action="territory.created", subject_type="territory") == ["territory.created"]
    assert actions(until=items[2]["created_at"]) == []
    assert len(actions(since=items[2]["created_at"])) == 3


def test_the_audit_names_fields_and_never_what_was_written(client: FlaskClient) -> None:
    ada = as_staff(client, Role.ADMIN)
    ada.patch(f"/v1/users/{hire(ada)}", {"password": "staple anew, correctly", "name": "Sam D. Doyle"})
    told = ada.get("/v1/audit").text
    for value in ("Doyle", "sam@", "staple", "correct horse", "argon2"):
        assert value not in told


def test_nobody_but_admins_reads_it(client: FlaskClient) -> None:
    for role in (Role.MANAGER, Role.REP, Role.AGENT):
        assert as_staff(client, role).get("/v1/audit").status_code == 403
