"""Links that open one copy to whoever holds them, for a day: the token seals the copy's id and the end of its day."""

from datetime import datetime
from uuid import UUID

from mcrm import passes
from mcrm.privacy.errors import CopyUnknown

PURPOSE = "data-copy-link"


def token_for(copy_id: UUID, expires_at: datetime) -> str:
    """A URL-safe token (70 characters) that opens this copy until then."""
    return passes.issue(PURPOSE, copy_id.bytes, expires_at)


def copy_of(token: str) -> UUID:
    """The copy that a token opens now. Raises CopyUnknown for one that is over, and for what is none."""
    if (data := passes.read(PURPOSE, token)) is None:
        raise CopyUnknown
    return UUID(bytes=data)
