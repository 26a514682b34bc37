"""Pushes through firebase-admin: what FCM takes and refuses."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import requests
from firebase_admin import exceptions, messaging
from google.auth.exceptions import RefreshError
from google.auth.transport.requests import Request
from joserfc import jwt
from joserfc.jwk import RSAKey

from sandbox.keys import GRANT, make_service_account
from tests.sandbox.conftest import Certificate, push
from tests.sandbox_fixture import PROJECT, Carrier


def bearer(carrier: Carrier) -> dict[str, str]:
    answer = requests.post(f"{carrier.url}/token", data=assertion(_account(carrier.credentials)), timeout=10)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def _account(path: Path) -> dict[str, str]:
    account: dict[str, str] = json.loads(path.read_text())
    return account


def assertion(account: dict[str, str], **changed: Any) -> dict[str, str]:
    now = int(time.time())
    claims = {"iss": account["client_email"], "aud": account["token_uri"], "iat": now, "exp": now + 3600}
    claims |= {"scope": "https://www.googleapis.com/auth/firebase.messaging"} | changed
    key = RSAKey.import_key(account["private_key"])
    return {"grant_type": GRANT, "assertion": jwt.encode({"alg": "RS256"}, claims, key, algorithms=["RS256"])}


def post(carrier: Carrier, message: Any, **more: Any) -> requests.Response:
    url = f"{carrier.url}/v1/projects/{PROJECT}/messages:send"
    return requests.post(url, json={"message": message} | more, headers=bearer(carrier), timeout=10)


def test_a_push_is_accepted_with_its_words_on_two_lines(firebase: Any, carrier: Carrier) -> None:
    name = messaging.send(push(data={"event": "order.shipped"}), app=firebase)
    [item] = carrier.messages("push", to="ben-token-0001")

    assert name.startswith(f"projects/{PROJECT}/messages/") and "SANDBOX" in name
    assert item["provider_id"] == name
    assert item["body"] == "Order 1042 is on its way\nPromised for 2 January."
    assert item["raw"]["message"]["data"] == {"event": "order.shipped"}


def test_an_installation_id_is_an_address_too(firebase: Any, carrier: Carrier) -> None:
    messaging.send(messaging.Message(fid="mei-fid-0001", data={"event": "sync"}), app=firebase)

    assert carrier.bodies("push", to="mei-fid-0001") == [""]


def test_all_platforms_are_understood(firebase: Any, carrier: Carrier) -> None:
    message = push(
        android=messaging.AndroidConfig(
            collapse_key="order-42",
            priority="high",
            ttl=86_400,
            notification=messaging.AndroidNotification(tag="order-42", channel_id="orders"),
        ),
        apns=messaging.APNSConfig(
            headers={"apns-collapse-id": "order-42"},
            payload=messaging.APNSPayload(messaging.Aps(sound="default", content_available=True)),
        ),
        webpush=messaging.WebpushConfig(headers={"Topic": "order-42"}),
        fcm_options=messaging.FCMOptions(analytics_label="bc_1"),
    )

    assert messaging.send(message, app=firebase)


def test_a_dry_run_is_checked_and_not_sent(firebase: Any, carrier: Carrier) -> None:
    messaging.send(push(), app=firebase, dry_run=True)

    assert carrier.messages() == []


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("UNREGISTERED", messaging.UnregisteredError),
        ("SENDER_ID_MISMATCH", messaging.SenderIdMismatchError),
        ("QUOTA_EXCEEDED", messaging.QuotaExceededError),
        ("THIRD_PARTY_AUTH_ERROR", messaging.ThirdPartyAuthError),
        ("INVALID_ARGUMENT", exceptions.InvalidArgumentError),
        ("UNAVAILABLE", exceptions.UnavailableError),
        ("INTERNAL", exceptions.InternalError),
    ],
)
def test_every_code_is_the_exception_of_the_sdk(
    firebase: Any, carrier: Carrier, code: str, error: type[Exception]
) -> None:
    carrier.fault("fcm", "error", code=code)
    with pytest.raises(error):
        messaging.send(push(), app=firebase)

    assert carrier.messages() == []


def test_faults_answer_as_google_would(firebase: Any, carrier: Carrier) -> None:
    carrier.fault("fcm", "unregistered_token", to="ben-token-0001", count=1)
    with pytest.raises(messaging.UnregisteredError):
        messaging.send(push(), app=firebase)
    carrier.fault("fcm", "rate_limit", retry_after_s=60, count=1)
    with pytest.raises(messaging.QuotaExceededError) as limited:
        messaging.send(push(), app=firebase)
    assert limited.value.http_response.headers["Retry-After"] == "60"
    carrier.fault("fcm", "server_error", count=1)
    with pytest.raises(exceptions.UnavailableError):
        messaging.send(push(), app=firebase)
    assert carrier.messages() == []

    carrier.fault("fcm", "accept_then_drop_reply", count=1)
    with pytest.raises(exceptions.FirebaseError):
        messaging.send(push(), app=firebase)
    assert len(carrier.messages("push")) == 1


@pytest.mark.parametrize(
    ("message", "field"),
    [
        ({"token": "a", "sound": "x"}, "message"),
        ({"token": "a", "android": {"ringtone": "x"}}, "message.android"),
        ({"token": "a", "data": {"n": 5}}, "message.data[0].value"),
        ({"token": "a", "data": {"from": "us"}}, "message.data.from"),
        ({"token": 5}, "message.token"),
        ({"token": "with blanks"}, "message.token"),
        ({"token": "a", "fid": "b"}, "message.token"),
        ({"data": {}}, "message.token"),
        ({"token": "a", "android": {"ttl": "1 day"}}, "message.android.ttl"),
        ({"token": "a", "android": {"ttl": "2419201s"}}, "message.android.ttl"),
    ],
)
def test_a_wrong_message_is_refused_with_its_field(carrier: Carrier, message: Any, field: str) -> None:
    answer = post(carrier, message)
    error = answer.json()["error"]
    violations = [one for detail in error["details"] for one in detail.get("fieldViolations", ())]

    assert (answer.status_code, error["status"]) == (400, "INVALID_ARGUMENT")
    assert violations[0]["field"] == field
    assert carrier.messages() == []


def test_4096_bytes_are_enough(firebase: Any) -> None:
    assert messaging.send(push(data={"text": "x" * 3900}), app=firebase)
    with pytest.raises(exceptions.InvalidArgumentError, match="too big"):
        messaging.send(push(data={"text": "x" * 4097}), app=firebase)


@pytest.mark.parametrize(
    "changed",
    [{"aud": "https://elsewhere.example/token"}, {"exp": 1_700_000_000}, {"scope": "email"}, {"iss": "somebody"}],
)
def test_the_token_endpoint_reads_every_claim(carrier: Carrier, changed: dict[str, Any]) -> None:
    account = _account(carrier.credentials)
    answer = requests.post(f"{carrier.url}/token", data=assertion(account, **changed), timeout=10)

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


def test_another_key_gets_no_token_and_nobody_sends_without_one(carrier: Carrier, tmp_path: Path) -> None:
    make_service_account(tmp_path / "other.json", f"{carrier.url}/token", PROJECT)
    other = _account(tmp_path / "other.json") | {"client_email": _account(carrier.credentials)["client_email"]}
    answer = requests.post(f"{carrier.url}/token", data=assertion(other), timeout=10)
    assert answer.json()["error_description"] == "Invalid JWT Signature."

    url = f"{carrier.url}/v1/projects/{PROJECT}/messages:send"
    for token in ("", "Bearer ya29.SANDBOX.9999999999.00", "Bearer é.1.2"):
        answer = requests.post(url, json={}, headers={"Authorization": token.encode()}, timeout=10)
        assert (answer.status_code, answer.json()["error"]["status"]) == (401, "UNAUTHENTICATED")
    answer = requests.post(url.replace(PROJECT, "another"), json={}, headers=bearer(carrier), timeout=10)
    assert answer.status_code == 403


def test_topics_are_joined_left_and_sent_to(firebase: Any, carrier: Carrier) -> None:
    assert messaging.subscribe_to_topic(["ben-token-0001"], "news", app=firebase).success_count == 1
    assert messaging.subscribe_to_topic(["ben-token-0001"], "news", app=firebase).success_count == 1
    messaging.send(messaging.Message(topic="news", data={"a": "b"}), app=firebase)
    assert messaging.unsubscribe_from_topic(["ben-token-0001"], "news", app=firebase).success_count == 1

    assert [item["to"] for item in carrier.messages("push")] == ["/topics/news"]


def test_a_refused_assertion_is_a_refresh_error_of_the_sdk(carrier: Carrier, tmp_path: Path) -> None:
    make_service_account(tmp_path / "other.json", f"{carrier.url}/token", PROJECT)
    with pytest.raises(RefreshError, match="invalid_grant"):
        Certificate(str(tmp_path / "other.json")).get_credential().refresh(Request())
