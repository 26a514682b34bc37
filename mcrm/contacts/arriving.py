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

from mcrm import clock
from mcrm.accounts.models import Account, AccountKind
from mcrm.actors import Actor
from mcrm.contacts.errors import ContactInUse
from mcrm.contacts.models import Contact, ContactPoint, PointState
from mcrm.ids import new_id
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.lookup.keeping import index_rows
from mcrm.transaction import insert_rows


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
    """What was made: ids with their revisions; `account` for a private person, whose account came along."""

    contact: UUID
    account: UUID | None
    points: list[tuple[UUID, int]]


def create_many(session: Session, actor: Actor, arrivals: Sequence[Arrival]) -> list[Arrived]:
    """Make them all, in one savepoint; raises IntegrityError, and makes none, where one cannot be."""
    made: list[Arrived] = []
    accounts: list[dict[str, Any]] = []
    contacts: list[dict[str, Any]] = []
    points_: list[dict[str, Any]] = []
    for arrival in arrivals:
        account = None
        if arrival.account_id is None:
            where = {"territory_id": arrival.territory_id, **dict.fromkeys(OF_ACCOUNT), **arrival.account_facts}
            account = _row(name=arrival.name, kind=AccountKind.PERSON.value, custom={}, **where)
            accounts.append(account)
        account_id = account["id"] if account else arrival.account_id
        facts = {**dict.fromkeys(OF_CONTACT), "custom": {}, **arrival.facts}
        contact = _row(name=arrival.name, account_id=account_id, **facts)
        contacts.append(contact)
        own = {"contact_id": contact["id"], "state": PointState.ACTIVE.value}
        held = [_row(channel=channel, address=to, **own) for channel, to in arrival.addresses]
        points_ += held
        made.append(Arrived(contact["id"], account["id"] if account else None, [(point["id"], 1) for point in held]))
    with session.begin_nested():
        insert_rows(session, Account, accounts)
        insert_rows(session, Contact, contacts)
        insert_rows(session, ContactPoint, points_)
        for model, rows in ((Account, accounts), (Contact, contacts), (ContactPoint, points_)):
            index_rows(session, model, rows)
        _adopt(session, arrivals, made)
    for arrival, one, contact in zip(arrivals, made, contacts, strict=True):
        _log(session, actor, arrival, one, contact["account_id"])
    return made


OF_ACCOUNT = ("country", "account_class", "locale", "timezone")
OF_CONTACT = ("number", "locale", "timezone", "notes")


def _row(**values: Any) -> dict[str, Any]:
    now = clock.now()
    return {"id": new_id(), "rev": 1, "created_at": now, "updated_at": now, **values}


def _adopt(session: Session, arrivals: Sequence[Arrival], made: Sequence[Arrived]) -> None:
    """Addresses that wrote to us before anybody knew whose they were join their contact."""
    adopted = [(point, one) for arrival, one in zip(arrivals, made, strict=True) for point in arrival.adopted]
    for point, one in adopted:
        point.contact_id, point.state, point.verified_at = one.contact, PointState.ACTIVE.value, None
    if adopted:
        session.flush()
    for point, one in adopted:
        one.points.append((point.id, point.rev))


def _log(session: Session, actor: Actor, arrival: Arrival, made: Arrived, account_id: UUID) -> None:
    if made.account:
        payload = {"kind": AccountKind.PERSON.value}
        log.append(session, actor, Kind.ACCOUNT_CREATED, about=About(account_id=account_id), payload=payload)
    about = About(contact_id=made.contact, account_id=account_id)
    log.append(session, actor, Kind.CONTACT_CREATED, about=about)
    channels = [channel for channel, _ in arrival.addresses] + [point.channel for point in arrival.adopted]
    for (point_id, _), channel in zip(made.points, channels, strict=True):
        about = About(made.contact, account_id, point_id, ("contact-point", point_id))
        log.append(session, actor, Kind.CONTACT_POINT_ADDED, about=about, payload={"channel": channel})


def take_back(
    session: Session, actor: Actor, contact: Contact, account: Account | None, held: Sequence[ContactPoint]
) -> None:
    """Delete a contact that was just made, with its addresses and its own account; the log keeps what it said.

    Raises ContactInUse when anything names it by now: an order, a consent, a message.
    """
    try:
        with session.begin_nested():
            for row in (*held, contact, account):
                if row is not None:
                    session.delete(row)
                    session.flush()
    except IntegrityError:
        raise ContactInUse from None
    about = About(contact_id=contact.id, account_id=contact.account_id)
    log.append(session, actor, Kind.CONTACT_REMOVED, about=about)
