"""Push notifications through firebase-admin; one attempt a call, and every error by its class or code."""

import hashlib
import re
from typing import Any

import firebase_admin
from firebase_admin import exceptions as firebase
from firebase_admin import messaging
from google.auth import exceptions as google
from requests.exceptions import RequestException

from mcrm import clock
from mcrm.config import Firebase
from mcrm.deliveries.outgoing import Ambiguous, Deferred, Failed, Operation, Outcome, Outgoing, Sent
from notifications.push_http import open_app
from notifications.transport import TIMEOUT_S, never_left, retry_after_s

LONGEST_TTL_S = 2_419_200
QUOTA_PAUSE_S = 60.0
SETTING_PAUSE_S = 300
PLATFORM_PAUSE_S = 900
TOKEN_FIELDS = frozenset({"message.token", "message.fid"})


class PushSender:
    """Hands deliveries to FCM; `send` may be called from many threads at once."""

    def __init__(self, settings: Firebase, *, timeout_s: float = TIMEOUT_S) -> None:
        """Reads the service-account key; contacts nobody before the first message. Raises ValueError on a bad key."""
        self.app = open_app(settings, timeout_s)

    def send(self, outgoing: Outgoing) -> Outcome:
        """Hand one push to FCM. That it arrived only the app can tell, by the `delivery_id` in the data."""
        if outgoing.operation is not Operation.SEND:
            return Failed(f"push.no-{outgoing.operation}", alert=True)
        try:
            return Sent(messaging.send(message_of(outgoing), app=self.app))
        except firebase.FirebaseError as error:
            return outcome_of(error)
        except google.RefreshError as error:
            return _not_signed_in(retryable=error.retryable)
        except google.GoogleAuthError:  # the token endpoint was not reached: nothing went to FCM
            return Deferred("fcm.no-access-token")
        except UnicodeDecodeError:  # an error page in another encoding; a kind of ValueError, but not our mistake
            return Ambiguous("fcm.unreadable-answer")
        except ValueError:  # the package refused to build it
            return Failed("fcm.malformed", alert=True)

    def close(self) -> None:
        """Let the connections go."""
        firebase_admin.delete_app(self.app)


def message_of(outgoing: Outgoing) -> messaging.Message:
    """The push as FCM wants it: a notification that shows itself, and data that name the delivery.

    The collapse key stands in each platform's own place, so that a repeated push replaces the first on the phone.
    Without any words it is a silent one that wakes the app, and has to be of normal priority.
    """
    silent = not outgoing.text and outgoing.title is None
    message = messaging.Message(
        notification=None if silent else messaging.Notification(title=outgoing.title, body=outgoing.text),
        data={**outgoing.data, "delivery_id": str(outgoing.id)},
    )
    if outgoing.address_kind == "fid":
        message.fid = outgoing.address
    else:
        message.token = outgoing.address  # set afterwards: the constructor warns, and filters of warnings are global
    ttl_s = None if outgoing.ttl_s is None else max(0, min(outgoing.ttl_s, LONGEST_TTL_S))
    platform = outgoing.platform
    if platform in (None, "android"):
        message.android = _android(outgoing.collapse_key, ttl_s, silent=silent)
    if platform in (None, "ios"):
        message.apns = _apns(outgoing.collapse_key, ttl_s, silent=silent)
    if platform in (None, "web"):
        message.webpush = _webpush(outgoing.collapse_key, ttl_s)
    return message


def _android(key: str | None, ttl_s: int | None, *, silent: bool) -> messaging.AndroidConfig:
    return messaging.AndroidConfig(
        collapse_key=key,
        priority="normal" if silent else "high",
        ttl=ttl_s,
        notification=messaging.AndroidNotification(tag=key) if key and not silent else None,
    )


def _apns(key: str | None, ttl_s: int | None, *, silent: bool) -> messaging.APNSConfig:
    headers = {"apns-priority": "5", "apns-push-type": "background"} if silent else {"apns-priority": "10"}
    if key:
        headers["apns-collapse-id"] = _short(key, 64)
    if ttl_s is not None:
        headers["apns-expiration"] = str(int(clock.now().timestamp()) + ttl_s)
    payload = messaging.APNSPayload(messaging.Aps(content_available=True)) if silent else None
    return messaging.APNSConfig(headers=headers, payload=payload)


def _webpush(key: str | None, ttl_s: int | None) -> messaging.WebpushConfig | None:
    headers = {}
    if key:
        headers["Topic"] = _short(key, 32)
    if ttl_s is not None:
        headers["TTL"] = str(ttl_s)
    return messaging.WebpushConfig(headers=headers) if headers else None


def _short(key: str, longest: int) -> str:
    """The key if it fits what APNs and RFC 8030 allow (64 bytes; 32 of base64url), else a digest of it."""
    if len(key) <= longest and re.fullmatch(r"[A-Za-z0-9_-]+", key):
        return key
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def outcome_of(error: firebase.FirebaseError) -> Outcome:
    """What an error means: by its class, which the package takes from FcmError's code, never by its words."""
    answer = error.http_response
    header = retry_after_s(answer.headers.get("Retry-After")) if answer is not None else None
    match error:
        case messaging.UnregisteredError():
            return Failed("fcm.unregistered", address_invalid=True)
        case messaging.SenderIdMismatchError():
            return Failed("fcm.sender-id-mismatch", address_invalid=True)
        case messaging.ThirdPartyAuthError():  # APNs key or VAPID: only that platform is shut, the sender goes on
            pause_s = header or PLATFORM_PAUSE_S
            return Deferred("fcm.third-party-auth", retry_after_s=pause_s, pauses_platform=True, alert=True)
        case firebase.ResourceExhaustedError():  # QuotaExceededError, and a 429 without FcmError
            return Deferred("fcm.quota", retry_after_s=header or QUOTA_PAUSE_S, pauses_sender=True)
        case firebase.UnauthenticatedError() | firebase.PermissionDeniedError():
            return _not_signed_in(retryable=False)
    if answer is None:
        return _no_answer(error.cause)
    if answer.status_code >= 500:  # may have been taken: a repeated push replaces itself
        return Deferred(f"fcm.{answer.status_code}", retry_after_s=header)
    if isinstance(error, firebase.InvalidArgumentError) and _token_at_fault(answer):
        return Failed("fcm.invalid-token", address_invalid=True)
    return Failed(f"fcm.{answer.status_code}", alert=True)


def _no_answer(cause: Any) -> Outcome:
    if isinstance(cause, RequestException) and never_left(cause):
        return Deferred("fcm.connect-failed")
    return Ambiguous("fcm.no-answer")


def _not_signed_in(*, retryable: bool) -> Outcome:
    if retryable:
        return Deferred("fcm.no-access-token")
    return Deferred("fcm.unauthenticated", retry_after_s=SETTING_PAUSE_S, pauses_sender=True, counts=False, alert=True)


def _token_at_fault(answer: Any) -> bool:
    """Whether FCM itself (FcmError) names the token's field; any other malformed message is our own mistake."""
    try:
        details = answer.json()["error"]["details"]
        from_fcm = any(detail["@type"].endswith("fcm.v1.FcmError") for detail in details)
        fields = {violation["field"] for detail in details for violation in detail.get("fieldViolations", ())}
    except (ValueError, LookupError, TypeError, AttributeError):
        return False
    return from_fcm and bool(fields & TOKEN_FIELDS)
