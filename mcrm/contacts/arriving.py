"""Many new contacts at once, for imports: what `service.create` and `points.add` do for one, at a tenth of the price.

The caller has looked up that numbers and addresses are free; where somebody else was quicker the database says so
with an IntegrityError, and the caller falls back on one at a time.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.accounts.models import Account, AccountKind
from mcrm.actors import Actor
from mcrm.contacts import points
from mcrm.contacts.errors import ContactInUse
from mcrm.contacts.models import Contact, ContactPoint, PointState
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About


@dataclass(frozen=True, slots=True)
class Arrival:
    """A contact to be: of an account, or a private person whose account is made with these facts.

    `territory_id` has been checked to be within the actor's reach; `addresses` are (channel, normalised address) that
    nobody ever wrote from, `adopted` those that somebody unknown did.
    """

    name: str
    account_id: UUID | None
    territory_id: UUID | None
    account_facts: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    addresses: Sequence[tuple[str, str]] = ()
    adopted: Sequence[ContactPoint] = ()


@dataclass(frozen=True, slots=True)
class Arrived:
    """What was made."""

    contact: Contact
    account: Account | None
    points: list[ContactPoint]


def create_many(session: Session, actor: Actor, arrivals: Sequence[Arrival]) -> list[Arrived]:
    """Make them all, in one savepoint; raises IntegrityError, and makes none, where one cannot be."""
    made = [_made(arrival) for arrival in arrivals]
    with session.begin_nested():
        for rows in (
            [one.account for one in made if one.account],
            [one.contact for one in made],
            [point for one in made for point in one.points],
        ):
            session.add_all(rows)
            session.flush()
        for arrival, one in zip(arrivals, made, strict=True):
            for point in arrival.adopted:
                point.contact_id, point.state, point.verified_at = one.contact.id, PointState.ACTIVE.value, None
                one.points.append(point)
        session.flush()
    for one in made:
        _log(session, actor, one)
    return made


def _made(arrival: Arrival) -> Arrived:
    account = None
    if arrival.account_id is None:
        where = {"territory_id": arrival.territory_id, **arrival.account_facts}
        account = Account(name=arrival.name, kind=AccountKind.PERSON.value, **where)
    account_id = account.id if account else arrival.account_id
    contact = Contact(name=arrival.name, account_id=account_id, **arrival.facts)
    held = [
        ContactPoint(contact_id=contact.id, channel=channel, address=address) for channel, address in arrival.addresses
    ]
    return Arrived(contact, account, held)


def _log(session: Session, actor: Actor, made: Arrived) -> None:
    account_id = made.contact.account_id
    if made.account:
        payload = {"kind": made.account.kind}
        log.append(session, actor, Kind.ACCOUNT_CREATED, about=About(account_id=account_id), payload=payload)
    about = About(contact_id=made.contact.id, account_id=account_id)
    log.append(session, actor, Kind.CONTACT_CREATED, about=about)
    for point in made.points:
        payload = {"channel": point.channel}
        log.append(session, actor, Kind.CONTACT_POINT_ADDED, about=points.about(point, made.contact), payload=payload)


def take_back(session: Session, actor: Actor, made: Arrived) -> None:
    """Delete a contact that was just made, with its addresses and its own account; the log keeps what it said.

    Raises ContactInUse when anything names it by now: an order, a consent, a message.
    """
    try:
        with session.begin_nested():
            for row in (*made.points, made.contact, made.account):
                if row is not None:
                    session.delete(row)
                    session.flush()
    except IntegrityError:
        raise ContactInUse from None
    about = About(contact_id=made.contact.id, account_id=made.contact.account_id)
    log.append(session, actor, Kind.CONTACT_REMOVED, about=about)
