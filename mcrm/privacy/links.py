"""Links that open one copy to whoever holds them, for a day: the token seals the copy's id and the end of its day."""

import base64
import binascii
from datetime import UTC, datetime
from uuid import UUID

from mcrm import clock, keys
from mcrm.privacy.errors import CopyUnknown

PURPOSE = "data-copy-link"
UUID_BYTES = 16


def token_for(copy_id: UUID, expires_at: datetime) -> str:
    """A URL-safe token (70 characters) that opens this copy until then."""
    sealed = keys.sealed(PURPOSE, copy_id.bytes + int(expires_at.timestamp()).to_bytes(8))
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


def copy_of(token: str) -> UUID:
    """The copy that a token opens now. Raises CopyUnknown for one that is over, and for what is none."""
    try:
        sealed = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        raise CopyUnknown from None
    data = keys.unsealed(PURPOSE, sealed)
    if data is None or datetime.fromtimestamp(int.from_bytes(data[UUID_BYTES:]), UTC) <= clock.now():
        raise CopyUnknown
    return UUID(bytes=data[:UUID_BYTES])
