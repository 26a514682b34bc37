"""Staff over REST: found, changed, shut out; passwords forgotten and changed; territories given and taken."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher, profiles
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from mcrm import clock
from mcrm.access import passwords, users
from mcrm.access.errors import LastAdmin
from mcrm.access.models import PasswordReset, User
from mcrm.actors import SYSTEM, Role
from mcrm.db import Database
from mcrm.transaction import perform, transaction
from tests.callers import Caller, as_customer, as_staff
from tests.cast import a_customer, a_territory

OLD, NEW = "correct horse battery", "staple anew, correctly"
DEVICE = {"id": "pixel-1", "name": "Sam's phone", "platform": "android"}
SAM = {"email": "sam@harbourandpine.example", "name": "Sam Doyle", "role": "rep", "team": "field", "password": OLD}


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", PasswordHasher.from_parameters(profiles.CHEAPEST))


@pytest.fixture
def ada(client: FlaskClient) -> Caller:
    return as_staff(client, Role.ADMIN)


def hire(ada: Caller, **changed: str) -> str:
    answer = ada.post("/v1/users", SAM | changed)
    assert answer.status_code == 201, answer.text
    return str(answer.json["id"])


def sign_in(client: FlaskClient, password: str = OLD, email: str = SAM["email"]) -> TestResponse:
    return client.post("/v1/auth/login", json={"email": email, "password": password, "device": DEVICE})


def signed_in(client: FlaskClient, password: str = OLD) -> tuple[Caller, Any]:
    pair = sign_in(client, password).json
    return Caller(client, pair["access_token"]), pair


def refreshes(client: FlaskClient, pair: Any) -> int:
    return client.post("/v1/auth/refresh", json={"refresh_token": pair["refresh_token"]}).status_code


def test_somebody_who_leaves_is_out_at_once_on_every_device(client: FlaskClient, ada: Caller) -> None:
    id = hire(ada)
    sam, pair = signed_in(client)
    assert sam.get("/v1/me/sessions").status_code == 200
    assert ada.patch(f"/v1/users/{id}", {"is_active": False}).json["is_active"] is False
    assert sam.get("/v1/me/sessions").status_code == 401
    assert refreshes(client, pair) == 401
    assert sign_in(client).status_code == 401


def test_staff_are_found_by_role_team_name_and_whether_they_are_active(client: FlaskClient, ada: Caller) -> None:
    hire(ada)
    lena = hire(ada, email="lena@harbourandpine.example", name="Lena_Fischer", team="shop")
    ada.patch(f"/v1/users/{lena}", {"is_active": False})

    def found(**query: str) -> list[str]:
        return [item["name"] for item in ada.get("/v1/users", **query).json["items"]]

    assert found(role="rep") == ["Sam Doyle", "Lena_Fischer"]
    assert found(team="field") == ["Sam Doyle"]
    assert found(is_active="false") == ["Lena_Fischer"]
    assert found(q="SAM@") == ["Sam Doyle"]
    assert found(q="a_F") == ["Lena_Fischer"]
    assert found(q="%") == []


def test_somebody_can_always_administer(client: FlaskClient, session: Session, ada: Caller) -> None:
    [own] = session.scalars(select(User).where(User.role == "admin"))
    for change in ({"is_active": False}, {"role": "manager"}):
        refused = ada.patch(f"/v1/users/{own.id}", change)
        assert (refused.status_code, refused.json["code"]) == (409, "user.last-admin")
    hire(ada, role="admin", email="second@harbourandpine.example")
    assert ada.patch(f"/v1/users/{own.id}", {"role": "manager"}).status_code == 200


def test_two_admins_who_shut_each_other_out_at_once_leave_one_of_them(committed: Database) -> None:
    with transaction() as session:
        facts = {"role": "admin", "password_hash": "none"}
        two = [users.create(session, SYSTEM, email=f"{n}@harbourandpine.example", name=n, **facts).id for n in "ab"]

    def shut_out(user_id: Any) -> bool:
        try:
            perform(lambda session: users.change(session, SYSTEM, users.get(session, user_id), is_active=False))
        except LastAdmin:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(shut_out, two)) == [False, True]


def test_whoever_forgot_the_password_gets_in_by_a_token_once(
    client: FlaskClient, session: Session, ada: Caller
) -> None:
    id = hire(ada)
    sam, pair = signed_in(client)
    first, second = (ada.post(f"/v1/users/{id}/password-reset").json["token"] for _ in range(2))
    reset = {"token": second, "password": NEW}
    assert client.post("/v1/auth/password-reset", json=reset | {"token": first}).status_code == 401, "an older one died"
    weak = client.post("/v1/auth/password-reset", json=reset | {"password": "password123"})
    assert (weak.status_code, weak.json["code"]) == (403, "user.password-weak")
    assert client.post("/v1/auth/password-reset", json=reset).status_code == 204
    assert client.post("/v1/auth/password-reset", json=reset).json["code"] == "auth.reset-invalid"
    assert sam.get("/v1/me/sessions").status_code == 401
    assert refreshes(client, pair) == 401
    assert [sign_in(client, password).status_code for password in (OLD, NEW)] == [401, 200]
    stored = session.scalars(select(PasswordReset.digest)).all()
    assert not {first, second} & set(stored)


def test_a_token_dies_with_the_password_and_the_rights_it_was_offered_for(client: FlaskClient, ada: Caller) -> None:
    id = hire(ada)
    for change in ({"password": "seventeen-oat-sacks"}, {"role": "manager"}, {"is_active": False}):
        token = ada.post(f"/v1/users/{id}/password-reset").json["token"]
        assert ada.patch(f"/v1/users/{id}", change).status_code == 200
        ada.patch(f"/v1/users/{id}", {"is_active": True})
        reset = client.post("/v1/auth/password-reset", json={"token": token, "password": NEW})
        assert (change, reset.status_code) == (change, 401)


def test_a_token_for_a_password_is_good_for_an_hour(
    client: FlaskClient, ada: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    id = hire(ada)
    token = ada.post(f"/v1/users/{id}/password-reset").json["token"]
    later = clock.now() + timedelta(minutes=61)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert client.post("/v1/auth/password-reset", json={"token": token, "password": NEW}).status_code == 401


def test_guessing_tokens_is_slowed_down(client: FlaskClient) -> None:
    guesses = [{"token": f"guess-{n}", "password": NEW} for n in range(11)]
    answers = [client.post("/v1/auth/password-reset", json=guess).status_code for guess in guesses]
    assert answers == [401] * 10 + [429]


def test_one_changes_the_own_password_by_the_old_one_and_signs_in_anew(client: FlaskClient, ada: Caller) -> None:
    hire(ada)
    sam, pair = signed_in(client)
    wrong = sam.put("/v1/me/password", {"old_password": "not this one", "new_password": NEW})
    assert (wrong.status_code, wrong.json["code"]) == (403, "user.password-wrong")
    weak = sam.put("/v1/me/password", {"old_password": OLD, "new_password": "aaaaaaaaaaaa"})
    assert [error["field"] for error in weak.json["errors"]] == ["new_password"]
    assert sam.put("/v1/me/password", {"old_password": OLD, "new_password": NEW}).status_code == 204
    assert sam.get("/v1/me/sessions").status_code == 401
    assert refreshes(client, pair) == 401
    assert sign_in(client, NEW).status_code == 200


def test_whoever_holds_a_stolen_phone_cannot_guess_the_password_with_it(client: FlaskClient, ada: Caller) -> None:
    hire(ada)
    sam, _ = signed_in(client)
    guess = {"old_password": "guess", "new_password": NEW}
    assert [sam.put("/v1/me/password", guess).status_code for _ in range(11)] == [403] * 10 + [429]


def test_an_admin_signs_somebody_out_everywhere(client: FlaskClient, ada: Caller) -> None:
    id = hire(ada)
    sam, pair = signed_in(client)
    assert ada.delete(f"/v1/users/{id}/sessions").status_code == 204
    assert sam.get("/v1/me/sessions").status_code == 401
    assert refreshes(client, pair) == 401


def test_a_territory_goes_only_when_nothing_lies_in_it_and_nobody_sees_it(
    client: FlaskClient, session: Session, ada: Caller
) -> None:
    west, east = a_territory(session, "West"), a_territory(session, "East")
    a_customer(session, territory_id=east.id)
    session.commit()
    sam = hire(ada)
    grant = f"/v1/territories/{west.id}/grants/{sam}"
    assert ada.put(grant).status_code == 200
    assert [one["territory_id"] for one in ada.get(f"/v1/users/{sam}/grants").json["items"]] == [str(west.id)]
    for territory in (west, east):
        refused = ada.delete(f"/v1/territories/{territory.id}", '"1"')
        assert (refused.status_code, refused.json["code"]) == (409, "territory.in-use")
    assert ada.delete(grant).status_code == 204
    assert ada.get(f"/v1/users/{sam}/grants").json["items"] == []
    assert ada.delete(f"/v1/territories/{west.id}", '"1"').status_code == 204
    assert [item["name"] for item in ada.get("/v1/territories").json["items"]] == ["East"]


def test_staff_are_told_who_they_are_and_what_they_see(client: FlaskClient, session: Session) -> None:
    west, east = a_territory(session, "West"), a_territory(session, "East")
    session.commit()
    sam = as_staff(client, Role.REP, [west, east], "Sam Doyle")
    said = sam.get("/v1/staff/me").json
    assert (said["name"], said["role"], said["scope"]) == ("Sam Doyle", "rep", "territory")
    assert said["territories"] == [{"id": str(east.id), "name": "East"}, {"id": str(west.id), "name": "West"}]
    noor = as_staff(client, Role.MANAGER, name="Noor Haddad").get("/v1/staff/me").json
    assert (noor["scope"], noor["territories"]) == ("all", [])


def test_an_admin_signs_a_customer_out_everywhere_and_the_pushes_stop(
    client: FlaskClient, session: Session, ada: Caller
) -> None:
    ben, mei = a_customer(session, phone="+447700900201"), a_customer(session, "Mei Lin", phone="+447700900204")
    session.commit()
    phone, tablet, other = as_customer(client, ben), as_customer(client, ben, "tablet"), as_customer(client, mei)
    token = {"kind": "token", "value": "ben-token", "platform": "android", "locale": "en-GB"}
    assert phone.put("/v1/me/push-registrations/pixel-7", token).status_code == 200

    assert ada.delete(f"/v1/contacts/{ben.id}/sessions").status_code == 204

    assert [one.get("/v1/me").status_code for one in (phone, tablet, other)] == [401, 401, 200]
    points = ada.get(f"/v1/contacts/{ben.id}/contact-points").json["items"]
    assert [point["channel"] for point in points if point["state"] == "active"] == ["sms"]
    [entry] = ada.get("/v1/audit", action="session.ended").json["items"]
    assert (entry["subject_type"], entry["subject_id"]) == ("contact", str(ben.id))
    assert as_staff(client, Role.MANAGER).delete(f"/v1/contacts/{ben.id}/sessions").status_code == 403
