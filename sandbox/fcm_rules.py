"""What FCM refuses in a message (firebase.google.com/docs/reference/fcm/rest/v1/projects.messages)."""

import re
from collections.abc import Mapping
from typing import Any

import orjson

LARGEST = 4096
LARGEST_TO_TOPIC = 2048
LONGEST_TTL_S = 2_419_200
TARGETS = ("fid", "token", "topic", "condition")
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"
GRPC = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ALREADY_EXISTS",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
# FcmError codes: the HTTP status they come with, and Google's sentence.
CODES = {
    "UNREGISTERED": (404, "Requested entity was not found."),
    "INVALID_ARGUMENT": (400, "The registration token is not a valid FCM registration token"),
    "SENDER_ID_MISMATCH": (403, "SenderId mismatch"),
    "QUOTA_EXCEEDED": (429, "Quota exceeded for quota metric 'Send requests' and limit 'per minute'."),
    "THIRD_PARTY_AUTH_ERROR": (401, "Auth error from APNS or Web Push Service"),
    "UNAVAILABLE": (503, "The service is currently unavailable."),
    "INTERNAL": (500, "Internal error encountered."),
}
_TOKEN = re.compile(r"[\w:.~+/=-]{1,4096}", re.ASCII)
_TOPIC = re.compile(r"[\w.~%-]{1,900}", re.ASCII)
_TTL = re.compile(r"(\d{1,10})(\.\d{1,9})?s", re.ASCII)
_STRINGS = "strings"  # a map of text to text
_STRUCT = "struct"  # any JSON object
_NOTIFICATION = {"title": str, "body": str, "image": str}
_OPTIONS = {"analytics_label": str}
_ANDROID_NOTIFICATION = _NOTIFICATION | {
    **dict.fromkeys(("icon", "color", "sound", "tag", "click_action", "body_loc_key", "title_loc_key"), str),
    **dict.fromkeys(("channel_id", "ticker", "event_time", "notification_priority", "visibility", "proxy"), str),
    **dict.fromkeys(("sticky", "local_only", "default_sound", "default_vibrate_timings"), bool),
    **dict.fromkeys(("default_light_settings", "bypass_proxy_notification"), bool),
    **dict.fromkeys(("body_loc_args", "title_loc_args", "vibrate_timings"), list),
    "notification_count": int,
    "light_settings": _STRUCT,
}
_MESSAGE: dict[str, Any] = {
    **dict.fromkeys(("name", *TARGETS), str),
    "data": _STRINGS,
    "notification": _NOTIFICATION,
    "fcm_options": _OPTIONS,
    "android": {
        **dict.fromkeys(("collapse_key", "priority", "ttl", "restricted_package_name"), str),
        **dict.fromkeys(("direct_boot_ok", "bandwidth_constrained_ok", "restricted_satellite_ok"), bool),
        "data": _STRINGS,
        "notification": _ANDROID_NOTIFICATION,
        "fcm_options": _OPTIONS,
    },
    "apns": {
        "headers": _STRINGS,
        "payload": _STRUCT,
        "fcm_options": _OPTIONS | {"image": str},
        "live_activity_token": str,
    },
    "webpush": {
        "headers": _STRINGS,
        "data": _STRINGS,
        "notification": _STRUCT,
        "fcm_options": _OPTIONS | {"link": str},
    },
}
_REQUEST: dict[str, Any] = {"message": _MESSAGE, "validate_only": bool}


def _spellings(shape: dict[str, Any]) -> dict[str, Any]:
    """Proto3 JSON takes `collapse_key` and `collapseKey` alike."""
    both: dict[str, Any] = {}
    for name, inner in shape.items():
        camel = re.sub(r"_([a-z])", lambda match: match[1].upper(), name)
        both[name] = both[camel] = _spellings(inner) if isinstance(inner, dict) else inner
    return both


_SHAPE = _spellings(_REQUEST)
_TYPES = {str: "TYPE_STRING", bool: "TYPE_BOOL", int: "TYPE_INT32", list: "TYPE_MESSAGE"}


class Refused(Exception):
    """FCM says no, in Google's shape."""

    def __init__(self, status: int, sentence: str, details: list[dict[str, Any]], headers: Mapping[str, str]) -> None:
        """`status` is the HTTP status; `details` carry FcmError and BadRequest."""
        self.status = status
        self.body = {"error": {"code": status, "message": sentence, "status": GRPC.get(status, "UNKNOWN")}}
        if details:
            self.body["error"]["details"] = details
        self.headers = headers
        super().__init__(sentence)


def refused(code: str, *, headers: Mapping[str, str] | None = None) -> Refused:
    """The refusal of an FcmError code."""
    status, sentence = CODES[code]
    details: list[dict[str, Any]] = [{"@type": FCM_ERROR, "errorCode": code}]
    if code == "INVALID_ARGUMENT":
        details.append(_violation("message.token", sentence))
    return Refused(status, sentence, details, headers or {})


def refused_with(status: int, sentence: str, *, headers: Mapping[str, str] | None = None) -> Refused:
    """A refusal that has nothing to do with a device: no FcmError."""
    return Refused(status, sentence, [], headers or {})


def check_request(body: Any, size: int) -> tuple[dict[str, Any], str, str, bool]:
    """The message of a send request, the kind of its target, the target, and `validate_only`; raises Refused."""
    if not isinstance(body, dict):
        raise _bad("", "Invalid JSON payload received. Expected an object.")
    _check_shape(body, _SHAPE, "")
    message = body.get("message")
    if not message:
        raise _bad("message", "Message is required")
    targets = [name for name in TARGETS if name in message]
    if len(targets) != 1:
        raise _bad(
            "message.token", "Recipient of the message is not set." if not targets else "oneof field is set twice"
        )
    kind, target = targets[0], message[targets[0]]
    if kind in ("token", "fid") and not _TOKEN.fullmatch(target):
        raise refused("INVALID_ARGUMENT")
    if kind == "topic" and not _TOPIC.fullmatch(target.removeprefix("/topics/")):
        raise _bad("message.topic", "Invalid topic name")
    _check_data(message.get("data"))
    limit = LARGEST_TO_TOPIC if kind in ("topic", "condition") else LARGEST
    if size > limit and _payload_size(message) > limit:
        raise Refused(400, "Android message is too big", [{"@type": FCM_ERROR, "errorCode": "INVALID_ARGUMENT"}], {})
    if "android" in message:
        _check_ttl(message["android"].get("ttl"))
    return message, kind, target, bool(body.get("validate_only") or body.get("validateOnly"))


def _check_shape(value: dict[str, Any], shape: dict[str, Any], path: str) -> None:
    for name, inner in value.items():
        wanted = shape.get(name)
        where = f"{path}.{name}" if path else name
        if wanted is None:
            at = f" at '{path}'" if path else ""
            raise _bad(path, f'Invalid JSON payload received. Unknown name "{name}"{at}: Cannot find field.')
        if wanted is _STRINGS:
            if not isinstance(inner, dict):
                raise _bad(where, f"Invalid value at '{where}' (Map), {_shown(inner)}")
            for index, text in enumerate(inner.values()):
                if not isinstance(text, str):
                    place = f"{where}[{index}].value"
                    raise _bad(place, f"Invalid value at '{place}' (TYPE_STRING), {_shown(text)}")
        elif wanted is _STRUCT or isinstance(wanted, dict):
            if not isinstance(inner, dict):
                raise _bad(where, f"Invalid value at '{where}' (TYPE_MESSAGE), {_shown(inner)}")
            if isinstance(wanted, dict):
                _check_shape(inner, wanted, where)
        elif not isinstance(inner, wanted) or (wanted is int and isinstance(inner, bool)):
            raise _bad(where, f"Invalid value at '{where}' ({_TYPES[wanted]}), {_shown(inner)}")


def _check_data(data: dict[str, str] | None) -> None:
    for key in data or ():
        if key in ("from", "message_type", "collapse_key") or key.startswith(("google.", "gcm.")):
            raise _bad(f"message.data.{key}", f"Invalid data payload key: {key}")


def _check_ttl(ttl: str | None) -> None:
    if ttl is None:
        return
    if not (match := _TTL.fullmatch(ttl)):
        raise _bad("message.android.ttl", f"Invalid value at 'message.android.ttl' (Duration), {_shown(ttl)}")
    if int(match[1]) > LONGEST_TTL_S:
        raise _bad("message.android.ttl", "Invalid TTL: it must be from 0 to 2419200 seconds")


def _payload_size(message: dict[str, Any]) -> int:
    """What counts for the limit: the notification and the data, as the platform gets them."""
    parts = [message.get("notification"), message.get("data")]
    for platform in ("android", "webpush"):
        parts += [message.get(platform, {}).get("notification"), message.get(platform, {}).get("data")]
    return sum(len(orjson.dumps(part)) for part in parts if part)


def _bad(field: str, sentence: str) -> Refused:
    return Refused(400, sentence, [_violation(field, sentence)], {})


def _violation(field: str, sentence: str) -> dict[str, Any]:
    return {"@type": BAD_REQUEST, "fieldViolations": [{"field": field, "description": sentence}]}


def _shown(value: Any) -> str:
    return orjson.dumps(value).decode()
