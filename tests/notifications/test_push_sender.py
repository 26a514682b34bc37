"""Push: what is asked of FCM, and what each of its answers means to the outbox."""

import inspect
import json
import logging

import firebase_admin
import pytest
from firebase_admin import _http_client, messaging

from mcrm import clock
from mcrm.config import Firebase
from mcrm.deliveries.outgoing import Ambiguous, Deferred, Failed, Operation, Outcome, Sent
from notifications.push import PushSender
from tests.notifications.cast import BEN_TOKEN, DELIVERY, NOBODY, PROJECT, SHORT_S, key_file, to_ben
from tests.notifications.scripted import Answer, Scripted, as_json

NAME = f"projects/{PROJECT}/messages/0:1"


def taken() -> Answer:
    return as_json(200, {"name": NAME})


def refused(
    status: int, name: str, fcm_code: str | None = None, field: str | None = None, headers: dict[str, str] | None = None
) -> Answer:
    details: list[dict[str, object]] = []
    if fcm_code:
        details.append({"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": fcm_code})
    if field:
        violation = {"field": field, "description": "Invalid value"}
        details.append({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": [violation]})
    error = {"code": status, "message": "no", "status": name, "details": details}
    return as_json(status, {"error": error}, headers)


def asked_of(provider: Scripted) -> dict:
    return json.loads(provider.asked[0].body)["message"]


def test_a_push_shows_itself_names_its_delivery_and_replaces_its_twin(push, provider):
    provider.says(taken())

    outcome = push.send(
        to_ben("push", title="On its way", data={"event": "order.shipped"}, collapse_key="order-1042", ttl_s=86_400)
    )

    assert outcome == Sent(NAME)
    assert provider.asked[0].path == f"/v1/projects/{PROJECT}/messages:send"
    message = asked_of(provider)
    assert message["token"] == BEN_TOKEN and "fid" not in message
    assert message["notification"] == {"title": "On its way", "body": "Order 1042 is on its way."}
    assert message["data"] == {"event": "order.shipped", "delivery_id": str(DELIVERY)}
    assert message["android"]["collapse_key"] == message["android"]["notification"]["tag"] == "order-1042"
    assert message["android"]["ttl"] == "86400s"
    assert message["apns"]["headers"]["apns-collapse-id"] == "order-1042"
    assert message["webpush"]["headers"] == {"Topic": "order-1042", "TTL": "86400"}


def test_an_installation_id_is_not_sent_as_a_token(push, provider):
    provider.says(taken())
    push.send(to_ben("push", address_kind="fid"))

    assert asked_of(provider)["fid"] == BEN_TOKEN and "token" not in asked_of(provider)


@pytest.mark.parametrize("platform", ["android", "ios", "web"])
def test_a_phone_gets_only_the_settings_of_its_own_kind(push, provider, platform):
    provider.says(taken())
    push.send(to_ben("push", platform=platform, collapse_key="order-1042"))

    expected = {"android": "android", "ios": "apns", "web": "webpush"}[platform]
    assert {"android", "apns", "webpush"} & set(asked_of(provider)) == {expected}


def test_a_long_collapse_key_fits_every_platform_and_stays_the_same(push, provider):
    provider.says(taken())
    for _ in range(2):
        push.send(to_ben("push", collapse_key="order:" + "9" * 80, ttl_s=10**9))

    first, second = (json.loads(asked.body)["message"] for asked in provider.asked)
    assert first["webpush"] == second["webpush"]
    assert len(first["webpush"]["headers"]["Topic"]) <= 32
    assert len(first["apns"]["headers"]["apns-collapse-id"]) <= 64
    assert first["android"]["ttl"] == "2419200s"


def test_apns_is_told_the_instant_at_which_a_push_is_stale(push, provider):
    provider.says(taken())
    with clock.stopped(at := clock.now()):
        push.send(to_ben("push", platform="ios", ttl_s=300))

    assert asked_of(provider)["apns"]["headers"]["apns-expiration"] == str(int(at.timestamp()) + 300)


SIGNED_OUT = Deferred("fcm.unauthenticated", retry_after_s=300, pauses_sender=True, counts=False, alert=True)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (
            refused(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", headers={"Retry-After": "90"}),
            Deferred("fcm.quota", retry_after_s=90, pauses_sender=True),
        ),
        (
            refused(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
            Deferred("fcm.quota", retry_after_s=60, pauses_sender=True),
        ),
        (Answer(429, b"slow down"), Deferred("fcm.quota", retry_after_s=60, pauses_sender=True)),
        (refused(500, "INTERNAL", "INTERNAL"), Deferred("fcm.500")),
        (refused(503, "UNAVAILABLE", headers={"Retry-After": "3"}), Deferred("fcm.503", retry_after_s=3)),
        (Answer(502, b"<html>bad gateway</html>"), Deferred("fcm.502")),
        (Answer(502, "<p>pas trouvé</p>".encode("latin-1")), Ambiguous("fcm.unreadable-answer")),
        (Answer(cut=True), Ambiguous("fcm.no-answer")),
        (Answer(hang_s=SHORT_S * 3), Ambiguous("fcm.no-answer")),
        (Answer(200, b"{"), Ambiguous("fcm.no-answer")),
        (refused(404, "NOT_FOUND", "UNREGISTERED"), Failed("fcm.unregistered", address_invalid=True)),
        (
            refused(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"),
            Failed("fcm.sender-id-mismatch", address_invalid=True),
        ),
        (
            refused(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "message.token"),
            Failed("fcm.invalid-token", address_invalid=True),
        ),
        (
            refused(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "message.fid"),
            Failed("fcm.invalid-token", address_invalid=True),
        ),
        (refused(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", "message.data"), Failed("fcm.400", alert=True)),
        (refused(400, "INVALID_ARGUMENT", None, "message.token"), Failed("fcm.400", alert=True)),
        (refused(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT"), Failed("fcm.400", alert=True)),
        (refused(404, "NOT_FOUND"), Failed("fcm.404", alert=True)),
        (
            refused(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"),
            Deferred("fcm.third-party-auth", retry_after_s=900, pauses_platform=True, alert=True),
        ),
        (refused(403, "PERMISSION_DENIED"), SIGNED_OUT),
    ],
)
def test_each_answer_of_fcm_means_one_thing(push: PushSender, provider: Scripted, answer: Answer, outcome: Outcome):
    provider.says(answer)

    assert push.send(to_ben("push")) == outcome
    # A 401 makes google-auth fetch a new access token and ask again: nothing was processed, so nothing is repeated.
    assert len(provider.asked) == (3 if answer.status == 401 else 1)


def test_a_key_that_google_refuses_stops_the_sender_and_keeps_the_queue(push, provider):
    provider.says(refused(401, "UNAUTHENTICATED"))

    assert push.send(to_ben("push")) == SIGNED_OUT


def test_a_push_that_never_left_is_queued_again(provider, private_key, tmp_path):
    key = key_file(tmp_path / "key.json", private_key, provider.base)
    sender = PushSender(Firebase(key, NOBODY))

    assert sender.send(to_ben("push")) == Deferred("fcm.connect-failed")
    sender.close()


def test_without_an_access_token_nothing_is_sent(provider, private_key, tmp_path):
    key = key_file(tmp_path / "key.json", private_key, NOBODY)
    sender = PushSender(Firebase(key, provider.base), timeout_s=SHORT_S)
    provider.says(taken())

    assert sender.send(to_ben("push")) == Deferred("fcm.no-access-token")
    assert provider.asked == []
    sender.close()


def test_data_that_are_no_text_are_our_mistake(push, provider):
    provider.says(taken())

    assert push.send(to_ben("push", data={"count": 3})) == Failed("fcm.malformed", alert=True)
    assert push.send(to_ben("push", operation=Operation.EDIT)) == Failed("push.no-edit", alert=True)
    assert provider.asked == []


def test_no_token_and_no_text_is_logged(push, provider, caplog):
    caplog.set_level(logging.INFO)
    provider.says(refused(404, "NOT_FOUND", "UNREGISTERED"))
    push.send(to_ben("push", "a secret"))

    assert "a secret" not in caplog.text and BEN_TOKEN not in caplog.text


def test_the_private_names_that_the_push_adapter_extends_are_still_there(push):
    assert inspect.isclass(messaging._MessagingService)
    assert messaging._MESSAGING_ATTRIBUTE == "_messaging"
    assert callable(firebase_admin.App._get_service)
    assert "session" in inspect.signature(_http_client.JsonHttpClient.__init__).parameters or "kwargs" in str(
        inspect.signature(_http_client.JsonHttpClient.__init__)
    )
    service = messaging._get_messaging_service(push.app)
    assert type(service).__module__ == "notifications.push_http"
    stock = set(vars(messaging._MessagingService(push.app)))
    assert {"_fcm_url", "_fcm_topic_url", "_client", "_credential"} <= stock
    assert service._credential._is_regional_access_boundary_lookup_required() is False
    assert all(adapter.max_retries.total == 0 for adapter in service._client.session.adapters.values())
