"""Passes: URL-safe tokens that stand for something until a moment, sealed, so that nobody makes, reads or changes one.

None is stored: a leaked table opens nothing.
"""

import base64
import binascii
from datetime import UTC, datetime

from mcrm import clock, keys

SECONDS_BYTES = 8


def issue(purpose: str, data: bytes, until: datetime) -> str:
    """A pass for `purpose` that carries `data` (16 bytes make 70 characters); `until` is cut to whole seconds."""
    sealed = keys.sealed(purpose, int(until.timestamp()).to_bytes(SECONDS_BYTES) + data)
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def read(purpose: str, token: str) -> bytes | None:
    """What a pass carries; None for one that is over, and for what is none."""
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        return None
    content = keys.unsealed(purpose, sealed)
    if content is None:
        return None
    until = datetime.fromtimestamp(int.from_bytes(content[:SECONDS_BYTES]), UTC)
    return content[SECONDS_BYTES:] if clock.now() < until else None
