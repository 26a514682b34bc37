"""Tokens of tracking links: an order's id and an end, signed. None is stored, so a leaked table opens none."""

import base64
import binascii
import hashlib
import hmac
import struct
from datetime import UTC, datetime
from uuid import UUID

from mcrm import keys

PURPOSE = "tracking-link"
FORM = struct.Struct(">16sI")  # the id, and the end in seconds since 1970, which 32 bits hold until 2106
MAC_BYTES = 16
LENGTH = 48  # characters: 36 bytes in base64


def make(order_id: UUID, expires_at: datetime) -> str:
    """The token; `expires_at` is cut to whole seconds."""
    content = FORM.pack(order_id.bytes, int(expires_at.timestamp()))
    return base64.urlsafe_b64encode(content + _mac(content)).decode()


def read(token: str, now: datetime) -> UUID | None:
    """The order's id; None for a token that is not ours, was changed or is over."""
    if len(token) != LENGTH or not token.isascii():
        return None
    try:
        raw = base64.urlsafe_b64decode(token)
    except (binascii.Error, ValueError):
        return None
    content, mac = raw[: FORM.size], raw[FORM.size :]
    if len(content) != FORM.size or not hmac.compare_digest(mac, _mac(content)):
        return None
    order_id, end = FORM.unpack(content)
    return UUID(bytes=order_id) if now < datetime.fromtimestamp(end, UTC) else None


def _mac(content: bytes) -> bytes:
    return hmac.digest(keys.derived(PURPOSE), content, hashlib.sha256)[:MAC_BYTES]
