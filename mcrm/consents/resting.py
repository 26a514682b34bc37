"""When each customer wants to be left alone: their own quiet hours, else those of the business, by their own clock."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased

from mcrm import clock, quiet
from mcrm.accounts.models import Account
from mcrm.actors import Actor
from mcrm.consents.models import QuietHours
from mcrm.contacts.models import Contact
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.quiet import Quiet
from mcrm.settings_store import service as settings
from mcrm.settings_store.catalogue import QUIET_HOURS
from mcrm.transaction import insert_once


@dataclass(frozen=True, slots=True)
class Rest:
    """The quiet hours that hold for somebody (None: none do), whose zone they are of, and who said so."""

    hours: Quiet | None
    zone: tzinfo
    is_own: bool

    def over_at(self, at: datetime) -> datetime | None:
        """When what comes at an instant may be sent; None when that is at once."""
        return self.hours.over_at(at, self.zone) if self.hours else None


def rest_of(session: Session, contact_ids: Collection[UUID]) -> dict[UUID, Rest]:
    """Each contact to the quiet hours that hold for the person; of merged contacts the latest word counts."""
    if not contact_ids:
        return {}
    session.flush()  # the queries run past the session: the outbox asks them
    said = settings.value(session, QUIET_HOURS)
    usual = quiet.read(said) if said else None
    people = session.connection().execute(_PEOPLE, {"contacts": sorted(contact_ids)}).all()
    own = _own(session, {row.person_id for row in people})
    return {
        row.id: Rest(own.get(row.person_id, usual), _zone(row.timezone or row.account_zone), row.person_id in own)
        for row in people
    }


def keep_quiet(session: Session, actor: Actor, *, contact: Contact, hours: Quiet) -> None:
    """These are the contact's own quiet hours from now on; the same ones again change nothing."""
    said = {"begins": hours.begins, "ends": hours.ends, "decided_at": clock.now()}
    unique = ["contact_id"]
    if insert_once(session, QuietHours, {**said, "contact_id": contact.id}, unique=unique) is None:
        row = session.scalars(select(QuietHours).where(QuietHours.contact_id == contact.id).with_for_update()).one()
        if (row.begins, row.ends) == (hours.begins, hours.ends):
            return
        row.begins, row.ends, row.decided_at = hours.begins, hours.ends, clock.now()
        session.flush()
    about = log.About(contact_id=contact.id, account_id=contact.account_id)
    log.append(session, actor, Kind.QUIET_HOURS_SET, about=about, payload={"hours": str(hours)})


def forget_quiet(session: Session, actor: Actor, *, contact: Contact, members: Collection[UUID]) -> None:
    """The person, whose contacts are `members`, has no quiet hours of their own any more."""
    rows = session.scalars(select(QuietHours).where(QuietHours.contact_id.in_(members))).all()
    for row in rows:
        session.delete(row)
    if rows:
        session.flush()
        about = log.About(contact_id=contact.id, account_id=contact.account_id)
        log.append(session, actor, Kind.QUIET_HOURS_REMOVED, about=about)


_asked, _person = aliased(Contact), aliased(Contact)
_PEOPLE = (
    select(_asked.id, _person.id.label("person_id"), _person.timezone, Account.timezone.label("account_zone"))
    .join_from(_asked, _person, _person.id == func.coalesce(_asked.group_id, _asked.id))
    .join(Account, Account.id == _person.account_id)
    .where(_asked.id.in_(bindparam("contacts", expanding=True)))
)
_people: Any = bindparam("people", expanding=True)
_OWN = (
    select(func.coalesce(Contact.group_id, Contact.id), QuietHours.begins, QuietHours.ends)
    .join_from(QuietHours, Contact, Contact.id == QuietHours.contact_id)
    .where(or_(Contact.id.in_(_people), Contact.group_id.in_(_people)))
    .order_by(QuietHours.decided_at, QuietHours.id)
)


def _own(session: Session, people: Collection[UUID]) -> dict[UUID, Quiet]:
    rows = session.connection().execute(_OWN, {"people": sorted(people)})
    return {person_id: Quiet(begins, ends) for person_id, begins, ends in rows}


def _zone(name: str | None) -> tzinfo:
    """The zone of that name; the business's where there is none, or none that this machine knows."""
    try:
        return ZoneInfo(name) if name else clock.zone()
    except (ZoneInfoNotFoundError, ValueError):
        return clock.zone()
