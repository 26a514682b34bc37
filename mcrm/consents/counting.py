"""Which decision counts for a person whose contacts were merged: none is rewritten, so un-merging gives all back."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any, Protocol, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from mcrm.among import Among
from mcrm.consents.models import Consent, ConsentState
from mcrm.contacts.models import Contact, ContactMerge


class Decided(Protocol):
    """What must be known of a decision to weigh it."""

    @property
    def id(self) -> Any:
        """Which one it is."""

    @property
    def state(self) -> Any:
        """Granted or withdrawn."""

    @property
    def decided_at(self) -> Any:
        """When."""


Decision = TypeVar("Decision", bound=Decided)
_consent, _mine, _other = Consent.__table__.c, Contact.__table__.alias(), Contact.__table__.alias()
_DECISIONS = select(
    _consent.id, _consent.contact_id, _consent.channel, _consent.purpose, _consent.state, _consent.decided_at
).where(Among(_consent.contact_id, "contacts"))
_PEOPLE = (
    select(_mine.c.id, _other.c.id)
    .join_from(_mine, _other, _other.c.group_id == _mine.c.group_id)
    .where(Among(_mine.c.id, "contacts"), _mine.c.group_id.is_not(None))
)


def effective(rows: Sequence[Decision], since: datetime | None) -> Decision | None:
    """The decision that counts among those of one person about one channel and purpose.

    What was decided after the contacts were merged (`since`) is the person's later word; before, the stricter counts.
    """
    if not rows:
        return None
    later = [row for row in rows if since is not None and row.decided_at >= since]
    if later:
        return max(later, key=lambda row: (row.decided_at, row.id))
    return max(rows, key=lambda row: (row.state == ConsentState.WITHDRAWN, row.decided_at, row.id))


def states(session: Session, contact_ids: Collection[UUID]) -> dict[tuple[UUID, str, str], str]:
    """(contact, channel, purpose) to the state that counts, with everything of merged people counted in."""
    if not contact_ids:
        return {}
    session.flush()  # the queries run past the session: every delivery asks them
    people = _people(session, contact_ids)
    wanted = {*contact_ids, *(member for members in people.values() for member in members)}
    found: dict[UUID, list[Any]] = {}
    for row in session.connection().execute(_DECISIONS, {"contacts": sorted(wanted)}):
        found.setdefault(row.contact_id, []).append(row)
    counting: dict[tuple[UUID, str, str], str] = {}
    for contact_id in contact_ids:
        rows = [row for member in people.get(contact_id, [contact_id]) for row in found.get(member, ())]
        for one in counted(session, rows):
            counting[contact_id, one.channel, one.purpose] = one.state
    return counting


def counted(session: Session, rows: Iterable[Any]) -> list[Any]:
    """Of a person's decisions those that count, one a channel and purpose, in their order."""
    about = lambda row: (row.channel, row.purpose)  # noqa: E731 - a key, used twice
    rows = sorted(rows, key=about)
    since = _merged_at(session, {row.contact_id for row in rows})
    return [one for _, group in groupby(rows, key=about) if (one := effective(list(group), since)) is not None]


def _people(session: Session, contact_ids: Collection[UUID]) -> dict[UUID, list[UUID]]:
    """Each merged contact to all that are this person; the others are not in it."""
    people: dict[UUID, list[UUID]] = {}
    for contact_id, member_id in session.connection().execute(_PEOPLE, {"contacts": sorted(contact_ids)}):
        people.setdefault(contact_id, []).append(member_id)
    return people


def _merged_at(session: Session, contact_ids: Collection[UUID]) -> datetime | None:
    """When the last merge in force was made among the contacts of one person; asks only if several decided."""
    if len(contact_ids) < 2:
        return None
    mine, other = aliased(Contact), aliased(Contact)
    person = select(other.id).join_from(mine, other, other.group_id == mine.group_id).where(mine.id.in_(contact_ids))
    query = select(ContactMerge.created_at).where(ContactMerge.undone_at.is_(None), ContactMerge.other_id.in_(person))
    return session.scalar(query.order_by(ContactMerge.created_at.desc()).limit(1))
