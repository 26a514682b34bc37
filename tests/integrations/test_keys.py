"""Integration keys: shown once, let into what they permit alone, on the rows in their reach, until they end."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock, live, logs
from mcrm.access.errors import TokenInvalid
from mcrm.actors import Role
from mcrm.api.idempotency import KEYS
from mcrm.db import Database
from mcrm.integrations.models import IntegrationKey
from mcrm.interactions.models import Interaction
from tests import doors
from tests.callers import Caller, as_integration, as_staff
from tests.cast import a_customer, a_territory, an_order

NEW = {"name": "Web shop", "scopes": ["orders:read", "contacts:read"]}


@pytest.fixture
def ada(client: FlaskClient) -> Caller:
    return as_staff(client, Role.ADMIN)


def made(ada: Caller, **changed: Any) -> Any:
    answer = ada.post("/v1/integration-keys", NEW | changed)
    assert answer.status_code == 201, answer.text
    return answer.json


def test_a_key_is_shown_once_and_only_its_beginning_stays_readable(
    client: FlaskClient, session: Session, ada: Caller
) -> None:
    key = made(ada)
    assert key["key"].startswith(key["prefix"] + "_")
    assert "key" not in ada.get(f"/v1/integration-keys/{key['id']}").json
    assert key["key"] not in ada.get("/v1/integration-keys").text
    row = session.scalars(select(IntegrationKey)).one()
    assert key["key"] not in (row.prefix, row.digest)
    assert key["key"] not in logs.mask(f"somebody logged {key['key']} by mistake")


def test_an_answer_that_is_kept_for_a_retry_does_not_keep_the_key_readable(
    client: FlaskClient, session: Session, ada: Caller
) -> None:
    first, again = (ada.post("/v1/integration-keys", NEW, **{"Idempotency-Key": "one"}) for _ in range(2))
    assert again.headers["Idempotency-Replayed"] == "true"
    assert first.json == again.json
    [body] = session.scalars(select(KEYS.c.body))
    assert first.json["key"].encode() not in bytes(body)


def test_a_key_does_what_it_permits_and_nothing_else(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session)
    order = an_order(session, ben)
    session.commit()
    shop = as_integration(client, ["orders:read"])
    assert shop.get(f"/v1/orders/{order.id}").status_code == 200
    for path in ("/v1/contacts", "/v1/deliveries", "/v1/search"):
        assert shop.get(path).json["code"] == "auth.scope-missing", path
    assert shop.post(f"/v1/orders/{order.id}/confirmation").json["code"] == "auth.scope-missing"
    for path in ("/v1/users", "/v1/integration-keys", "/v1/audit", "/v1/settings", "/v1/me"):
        assert shop.get(path).json["code"] == "auth.role-missing", path


def test_no_key_lets_an_offer_out_to_everybody(client: FlaskClient) -> None:
    shop = as_integration(client, ["offers:read", "offers:write"])
    offer = shop.post("/v1/offers", {"title": "Winter roast", "body": "Dark cherry."}).json["id"]
    assert shop.post(f"/v1/offers/{offer}/announcement").json["code"] == "auth.role-missing"


def test_what_a_key_does_is_written_down_as_its_own(client: FlaskClient, session: Session) -> None:
    order = an_order(session, a_customer(session), status="new")
    session.commit()
    shop = as_integration(client, ["orders:write"])
    assert shop.post(f"/v1/orders/{order.id}/confirmation").status_code == 201
    key_id = session.scalars(select(IntegrationKey.id)).one()
    actors = session.scalars(select(Interaction.actor).where(Interaction.kind == "order.confirmed")).all()
    assert actors == [f"integration:{key_id}"]


def test_a_key_sees_the_rows_of_its_territories_alone(client: FlaskClient, session: Session) -> None:
    west, east = a_territory(session, "West"), a_territory(session, "East")
    ben = a_customer(session, "Ben Okafor", territory_id=west.id)
    aisha = a_customer(session, "Aisha Khan", territory_id=east.id)
    session.commit()
    shop = as_integration(client, ["contacts:read"], [west])
    assert [item["name"] for item in shop.get("/v1/contacts").json["items"]] == ["Ben Okafor"]
    assert [shop.get(f"/v1/contacts/{who.id}").status_code for who in (ben, aisha)] == [200, 404]
    everywhere = as_integration(client, ["contacts:read"])
    assert everywhere.get(f"/v1/contacts/{aisha.id}").status_code == 200


def test_a_key_ends_when_it_is_revoked_or_its_time_is_over(
    client: FlaskClient, ada: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = made(ada)
    soon = made(ada, name="Till", expires_at=(clock.now() + timedelta(hours=1)).isoformat())
    callers = [Caller(client, key["key"]) for key in (kept, soon)]
    assert [caller.get("/v1/orders").status_code for caller in callers] == [200, 200]
    later = clock.now() + timedelta(hours=2)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert [caller.get("/v1/orders").status_code for caller in callers] == [200, 401]
    monkeypatch.undo()
    assert ada.post(f"/v1/integration-keys/{kept['id']}/revocation").json["revoked_at"]
    assert callers[0].get("/v1/orders").status_code == 401
    assert ada.post(f"/v1/integration-keys/{kept['id']}/revocation").status_code == 409
    assert ada.patch(f"/v1/integration-keys/{kept['id']}", {"name": "x"}).status_code == 409
    good = ada.get("/v1/integration-keys", is_active="true").json["items"]
    assert [item["name"] for item in good] == ["Till"]


def test_a_key_that_is_not_quite_right_is_refused(client: FlaskClient, ada: Caller) -> None:
    key = made(ada)["key"]
    forged = (key[:-1], key + "x", key[:13] + "_" + "A" * 43, "mcrm_", "mcrm_\u00e9", key.upper(), "mcrm_aaaaaaaa_b")
    for token in forged:
        answer = client.get("/v1/orders", headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == 401, token
        assert "WWW-Authenticate" in answer.headers


def test_when_a_key_was_last_used_is_noted_without_touching_its_revision(client: FlaskClient, ada: Caller) -> None:
    key = made(ada)
    assert key["last_used_at"] is None
    Caller(client, key["key"]).get("/v1/orders")
    seen = ada.get(f"/v1/integration-keys/{key['id']}").json
    assert seen["last_used_at"] is not None
    assert seen["rev"] == key["rev"]


def test_what_a_key_permits_changes_from_the_next_request_on(client: FlaskClient, ada: Caller) -> None:
    key = made(ada)
    shop = Caller(client, key["key"])
    assert ada.patch(f"/v1/integration-keys/{key['id']}", {"scopes": ["products:read"]}).status_code == 200
    assert shop.get("/v1/orders").status_code == 403
    assert shop.get("/v1/products").status_code == 200


def test_odd_scopes_names_and_territories_are_refused(client: FlaskClient, ada: Caller) -> None:
    made(ada)
    assert ada.post("/v1/integration-keys", NEW).json["code"] == "integration-key.name-taken"
    for scope in ("users:read", "orders:delete", "orders", "*:read"):
        assert ada.post("/v1/integration-keys", {"name": "x", "scopes": [scope]}).status_code == 422, scope
    nowhere = {"name": "x", "scopes": [], "territory_ids": ["01890000-0000-7000-8000-000000000000"]}
    assert ada.post("/v1/integration-keys", nowhere).json["code"] == "territory.unknown"


def test_a_key_opens_no_live_stream(client: FlaskClient, database: Database, ada: Caller) -> None:
    with pytest.raises(TokenInvalid):
        live.authorise(doors.settings(), made(ada)["key"])
