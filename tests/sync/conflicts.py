"""A row of the conflict inbox for tests that are not about how it got there."""

from uuid import UUID

from mcrm.ids import new_id
from mcrm.sync.models import Applied, Conflict, ConflictKind


def conflict_of(user_id: UUID, contact_id: UUID) -> Conflict:
    """Somebody renamed a contact on a device, and somebody else did so here."""
    return Conflict(
        user_id=user_id,
        table_name="contacts",
        row_id=contact_id,
        kind=ConflictKind.FIELD.value,
        fingerprint=str(new_id()),
        base_rev=1,
        mine={"name": "Ben O."},
        theirs={"name": "B. Okafor"},
        applied=Applied.MINE.value,
    )
