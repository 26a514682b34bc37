"""Signing in: staff by password, customers by code; sessions per device, and tokens that stop with them."""

import base64
import json
import re
from collections.abc import Iterator
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
from mcrm.access.models import Counter, OtpChallenge, SignIn, User
from mcrm.actors import SYSTEM
from mcrm.contacts import points
from mcrm.db import Database
from mcrm.deliveries.models import Delivery
from mcrm.interactions.models import Interaction
from mcrm.transaction import transaction
from tests.callers import as_customer
from tests.cast import a_customer

PASSWORD = "correct horse battery"
PHONE = {"id": "pixel-1", "name": "Sam's phone", "platform": "android"}
TABLET = {"id": "tab-1", "name": "Sam's tablet", "platform": "android"}


@pytest.fixture(autouse=True)
def cheap_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "hasher", PasswordHasher.from_parameters(profiles.CHEAPEST))


def a_user(email: str = "sam@harbourandpine.example", role: str = "rep") -> User:
    with transaction() as session:
        return users.create(
            session, SYSTEM, email=email, name="Sam Doyle", role=role, password_hash=passwords.hashed(PASSWORD)
        )


def sign_in(client: FlaskClient, device: dict[str, str] = PHONE, **changed: str) -> TestResponse:
    facts = {"email": "sam@harbourandpine.example", "password": PASSWORD, "device": device, **changed}
    return client.post("/v1/auth/login", json=facts)


def bearer(pair: Any) -> dict[str, str]:
    return {"Authorization": f"Bearer {pair['access_token']}"}


def kinds(session: Session) -> list[str]:
    return list(session.scalars(select(Interaction.kind).order_by(Interaction.position)))


def test_a_rep_signs_in_and_sees_the_own_sessions(client: FlaskClient, session: Session) -> None:
    a_user()
    pair = sign_in(client).json
    sign_in(client, TABLET)
    seen = client.get("/v1/me/sessions", headers=bearer(pair)).json
    assert [item["device_id"] for item in seen["items"]] == ["pixel-1", "tab-1"]
    assert kinds(session)[-2:] == ["session.opened", "session.opened"]


def test_a_wrong_password_and_an_unknown_name_look_alike(client: FlaskClient) -> None:
    a_user()
    wrong, unknown = sign_in(client, password="wrong password!"), sign_in(client, email="nobody@harbourandpine.example")
    assert wrong.status_code == unknown.status_code == 401
    strip = lambda answer: {name: value for name, value in answer.json.items() if name != "request_id"}  # noqa: E731
    assert strip(wrong) == strip(unknown)


def test_guessing_a_password_is_slowed_down_but_locks_nobody_out_elsewhere(client: FlaskClient) -> None:
    a_user()
    answers = [sign_in(client, password=f"wrong password {n}").status_code for n in range(11)]
    assert answers == [401] * 10 + [429]
    refused = sign_in(client)
    assert (refused.status_code, refused.json["code"]) == (429, "auth.too-many-tries")
    assert int(refused.headers["Retry-After"]) > 0
    elsewhere = client.post(
        "/v1/auth/login",
        json={"email": "sam@harbourandpine.example", "password": PASSWORD, "device": PHONE},
        environ_base={"REMOTE_ADDR": "203.0.113.9"},
    )
    assert elsewhere.status_code == 200


def test_a_lost_phone_is_signed_out_from_another_device_and_its_token_stops_at_once(client: FlaskClient) -> None:
    a_user()
    lost, kept = sign_in(client).json, sign_in(client, TABLET).json
    [found] = [
        item
        for item in client.get("/v1/me/sessions", headers=bearer(kept)).json["items"]
        if item["device_id"] == "pixel-1"
    ]
    assert client.delete(f"/v1/me/sessions/{found['id']}", headers=bearer(kept)).status_code == 204
    assert client.get("/v1/me/sessions", headers=bearer(lost)).status_code == 401
    assert client.post("/v1/auth/refresh", json={"refresh_token": lost["refresh_token"]}).status_code == 401
    assert client.get("/v1/me/sessions", headers=bearer(kept)).status_code == 200


def test_a_phone_that_is_signed_out_gets_no_pushes_any_more(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session)
    session.commit()
    lost, other = (as_customer(client, ben, device) for device in ("lost-phone", "tablet"))
    for caller, device in ((lost, "lost-phone"), (other, "tablet")):
        facts = {"kind": "token", "value": f"token-of-{device}", "platform": "android"}
        assert caller.put(f"/v1/me/push-registrations/{device}", facts).status_code == 200
    signed_in = {item["device_id"]: item["id"] for item in other.get("/v1/me/sessions").json["items"]}
    assert other.delete(f"/v1/me/sessions/{signed_in['lost-phone']}").status_code == 204
    assert [point.address for point in points.reachable(session, ben.id, "push")] == ["token-of-tablet"]
    assert other.post("/v1/auth/logout").status_code == 204
    session.expire_all()
    assert points.reachable(session, ben.id, "push") == []


def test_nobody_ends_a_session_of_somebody_else(client: FlaskClient) -> None:
    a_user()
    a_user("lena@harbourandpine.example")
    mine = sign_in(client).json
    hers = sign_in(client, TABLET, email="lena@harbourandpine.example").json
    [item] = client.get("/v1/me/sessions", headers=bearer(hers)).json["items"]
    assert client.delete(f"/v1/me/sessions/{item['id']}", headers=bearer(mine)).status_code == 404
    assert client.get("/v1/me/sessions", headers=bearer(hers)).status_code == 200


def test_a_refresh_token_changes_with_each_use_and_a_lost_reply_costs_nothing(client: FlaskClient) -> None:
    a_user()
    first = sign_in(client).json["refresh_token"]
    second = client.post("/v1/auth/refresh", json={"refresh_token": first}).json["refresh_token"]
    again = client.post("/v1/auth/refresh", json={"refresh_token": first}).json["refresh_token"]
    assert second == again != first
    assert client.post("/v1/auth/refresh", json={"refresh_token": second}).status_code == 200


def test_an_old_refresh_token_used_again_ends_the_session(client: FlaskClient, session: Session) -> None:
    a_user()
    pair = sign_in(client).json
    with clock.stopped(clock.now()):
        second = client.post("/v1/auth/refresh", json={"refresh_token": pair["refresh_token"]}).json
        clock.advance(timedelta(seconds=31))
        assert client.post("/v1/auth/refresh", json={"refresh_token": pair["refresh_token"]}).status_code == 401
        assert client.post("/v1/auth/refresh", json={"refresh_token": second["refresh_token"]}).status_code == 401
        assert client.get("/v1/me/sessions", headers=bearer(second)).status_code == 401
    assert kinds(session)[-1] == "session.reuse-detected"


def part(token: str, index: int) -> dict[str, Any]:
    text = token.split(".")[index]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found


def packed(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def test_whoever_knows_the_id_of_a_session_cannot_end_it_with_a_made_up_token(client: FlaskClient) -> None:
    a_user()
    pair = sign_in(client).json
    session_id, _, rest = pair["refresh_token"].partition(".")
    for made_up in (
        f"{session_id}.guess",
        f"{session_id}.{rest[:-1]}",
        f"{session_id}.{rest}.{rest}",
        f"{session_id}.",
    ):
        assert client.post("/v1/auth/refresh", json={"refresh_token": made_up}).status_code == 401
    assert client.get("/v1/me/sessions", headers=bearer(pair)).status_code == 200
    second = client.post("/v1/auth/refresh", json={"refresh_token": pair["refresh_token"]})
    assert second.status_code == 200
    assert client.post("/v1/auth/refresh", json={"refresh_token": second.json["refresh_token"]}).status_code == 200


def test_forged_tokens_are_refused(client: FlaskClient) -> None:
    a_user()
    token = sign_in(client).json["access_token"]
    header, claims, signature = token.split(".")
    forged = [
        f"{packed({'alg': 'none', 'typ': 'at+jwt'})}.{claims}.",
        f"{packed({'alg': 'HS256', 'typ': 'JWT'})}.{claims}.{signature}",
        f"{packed({'alg': 'HS256', 'typ': 'at+jwt', 'jku': 'https://evil.example/k'})}.{claims}.{signature}",
        f"{header}.{packed(part(token, 1) | {'role': 'admin'})}.{signature}",
        f"{header}.{packed(part(token, 1) | {'exp': 2**40})}.{signature}",
        f"{packed({'alg': 'PBES2-HS256+A128KW', 'enc': 'A128GCM', 'p2c': 2**31 - 1, 'p2s': 'AA'})}.AA.AA.AA.AA",
        token[:-4],
        "",
        "é",
    ]
    assert part(token, 0) == {"alg": "HS256", "typ": "at+jwt"}
    for attempt in forged:
        answer = client.get("/v1/me/sessions", headers={"Authorization": f"Bearer {attempt}"})
        assert answer.status_code == 401, attempt
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_ends_after_its_quarter_of_an_hour(client: FlaskClient) -> None:
    a_user()
    with clock.stopped(clock.now()):
        pair = sign_in(client).json
        assert pair["expires_in_s"] == 900
        assert client.get("/v1/me/sessions", headers=bearer(pair)).status_code == 200
        clock.advance(timedelta(seconds=901))
        assert client.get("/v1/me/sessions", headers=bearer(pair)).status_code == 401


def test_a_new_role_or_a_shut_door_ends_all_sessions(client: FlaskClient, session: Session) -> None:
    rep = a_user()
    a_user("ada@harbourandpine.example", "admin")
    pair = sign_in(client).json
    admin = bearer(sign_in(client, email="ada@harbourandpine.example").json)
    seen = client.get(f"/v1/users/{rep.id}", headers=admin)
    changed = client.patch(
        f"/v1/users/{rep.id}", json={"is_active": False}, headers=admin | {"If-Match": seen.headers["ETag"]}
    )
    assert (changed.status_code, changed.json["is_active"]) == (200, False)
    assert client.get("/v1/me/sessions", headers=bearer(pair)).status_code == 401
    assert sign_in(client).status_code == 401


def test_only_an_admin_sees_the_users(client: FlaskClient) -> None:
    a_user()
    refused = client.get("/v1/users", headers=bearer(sign_in(client).json))
    assert (refused.status_code, refused.json["code"]) == (403, "auth.role-missing")
    assert client.get("/v1/users").status_code == 401


def code_sent(session: Session) -> str:
    session.expire_all()
    text = session.scalars(select(Delivery.text).order_by(Delivery.created_at.desc(), Delivery.id.desc())).first()
    found = re.match(r"\d{6}", text or "")
    assert found
    return found.group()


def verify(client: FlaskClient, code: str, phone: str = "+447700900201") -> TestResponse:
    return client.post("/v1/auth/otp/verify", json={"phone": phone, "code": code, "device": PHONE})


def test_a_customer_signs_in_with_a_code_to_the_number_on_file(client: FlaskClient, session: Session) -> None:
    ben = a_customer(session, phone="+447700900201")
    session.commit()
    assert client.post("/v1/auth/otp", json={"phone": "07700 900201"}).status_code == 202
    code = code_sent(session)
    pair = verify(client, code)
    assert pair.status_code == 200
    assert part(pair.json["access_token"], 1)["sub"] == str(ben.id)
    assert verify(client, code).status_code == 401, "a code is used once"
    for table in (Interaction.payload, OtpChallenge.code_digest, Counter.key):
        assert not any(code in value for value in session.scalars(select(table))), "no code in the log"


def test_asking_for_a_code_tells_nobody_whether_the_number_is_known(client: FlaskClient, session: Session) -> None:
    a_customer(session, phone="+447700900201")
    session.commit()
    answers = [client.post("/v1/auth/otp", json={"phone": phone}) for phone in ("+447700900201", "+447700900999", "x")]
    assert {(answer.status_code, answer.data) for answer in answers} == {(202, answers[0].data)}
    assert len(session.scalars(select(Delivery)).all()) == 1


def test_wrong_codes_lock_a_number_and_sound_alike_for_known_and_unknown(client: FlaskClient, session: Session) -> None:
    a_customer(session, phone="+447700900201")
    session.commit()
    for phone in ("+447700900201", "+447700900999"):
        client.post("/v1/auth/otp", json={"phone": phone})
    right = code_sent(session)
    wrong = "000000" if right != "000000" else "111111"

    def said(phone: str, codes: list[str]) -> list[tuple[int, str]]:
        answers = [verify(client, code, phone) for code in codes]
        return [(answer.status_code, answer.json["code"]) for answer in answers]

    with clock.stopped(clock.now()):
        known = said("+447700900201", [wrong] * 5 + [right] + [wrong] * 6)
        assert known == [(401, "auth.code-wrong")] * 10 + [(429, "auth.code-locked")] * 2, "the right one is too late"
        assert said("+447700900999", [wrong] * 12) == known


def test_only_three_codes_an_hour_go_to_a_number(client: FlaskClient, session: Session) -> None:
    a_customer(session, phone="+447700900201")
    session.commit()
    answers = {client.post("/v1/auth/otp", json={"phone": "+447700900201"}).status_code for _ in range(5)}
    assert answers == {202}, "a limit must not tell that the number is known"
    assert len(session.scalars(select(Delivery)).all()) == 3


def test_of_thirty_parallel_guesses_five_are_judged(committed: Database, served: FlaskClient) -> None:
    with transaction() as session:
        a_customer(session, phone="+447700900201")
    served.post("/v1/auth/otp", json={"phone": "+447700900201"})

    def guess(number: int) -> int:
        with served.application.test_client() as client:
            return verify(client, f"{number:06d}").status_code

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(guess, range(30)))
    with transaction() as session:
        challenge = session.scalars(select(OtpChallenge)).one()
        assert challenge.tries == 5


def test_twenty_parallel_refreshes_make_one_successor(committed: Database, served: FlaskClient) -> None:
    a_user()
    first = sign_in(served).json["refresh_token"]

    def renew(_: int) -> str:
        with served.application.test_client() as client:
            return str(client.post("/v1/auth/refresh", json={"refresh_token": first}).json["refresh_token"])

    with ThreadPoolExecutor(8) as pool:
        successors = set(pool.map(renew, range(20)))
    assert len(successors) == 1
    with transaction() as session:
        assert len(session.scalars(select(SignIn)).all()) == 1


@pytest.fixture
def served(committed: Database) -> Iterator[FlaskClient]:
    """The application on real commits."""
    from tests.doors import make_app

    with make_app().test_client() as client:
        yield client
