"""A person as ids: the contacts that are one, their addresses, their private accounts, the leads they once were."""

from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from mcrm.accounts.models import Account, AccountKind
from mcrm.contacts.models import Contact, ContactPoint, PointChannel, PointState
from mcrm.contacts.people import person_ids, survivor_of
from mcrm.interactions.models import Interaction
from mcrm.leads.models import Lead
from mcrm.profile.models import ContactChange


@dataclass(frozen=True, slots=True)
class Person:
    """Whose data is meant; it stands still while the rows lose what tells whose they are.

    `points` are the addresses, those given up among them as long as nobody else has them. `accounts` are those made
    for this private person alone: what hangs on a company, or on a household of others, is not theirs.
    """

    contacts: tuple[UUID, ...]
    points: tuple[UUID, ...]
    accounts: tuple[UUID, ...]
    leads: tuple[UUID, ...]

    @classmethod
    def of(cls, session: Session, contact_id: UUID, *, surely: bool = False) -> Self:
        """The person whom a contact stands for, as the database knows them now.

        `surely`: a lead with an own number that bears another name is not theirs. Numbers are given out again.
        """
        contacts = tuple(person_ids(session, survivor_of(session, contact_id)))
        points = _points(session, contacts)
        accounts = _accounts(session, contacts)
        return cls(contacts, points, accounts, _leads(session, contacts, points, surely))

    @classmethod
    def kept(cls, scope: dict[str, Any]) -> Self:
        """The person that `ids` wrote down."""
        return cls(**{name: tuple(map(UUID, ids)) for name, ids in scope.items()})

    @property
    def ids(self) -> dict[str, list[str]]:
        """All of it as JSON: ids, nothing that tells who it is."""
        return {name: [str(id_) for id_ in getattr(self, name)] for name in self.__slots__}

    @property
    def labels(self) -> tuple[str, ...]:
        """How the log names this customer as an actor."""
        return tuple(f"customer:{id_}" for id_ in self.contacts)


def _points(session: Session, contacts: tuple[UUID, ...]) -> tuple[UUID, ...]:
    """The addresses they have, those that the log says were theirs and that nobody has, and those that they named as
    their new ones and from which nobody ever wrote.
    """
    once = select(Interaction.contact_point_id).where(
        Interaction.contact_id.in_(contacts), Interaction.contact_point_id.is_not(None)
    )
    given_up = ContactPoint.contact_id.is_(None) & (ContactPoint.state == PointState.REMOVED.value)
    named = select(ContactChange.new_point_id).where(ContactChange.contact_id.in_(contacts))
    silent = ContactPoint.contact_id.is_(None) & ContactPoint.last_seen_at.is_(None)
    query = select(ContactPoint.id).where(
        or_(
            ContactPoint.contact_id.in_(contacts),
            given_up & ContactPoint.id.in_(once),
            silent & ContactPoint.id.in_(named),
        )
    )
    return tuple(session.scalars(query.order_by(ContactPoint.id)))


def _accounts(session: Session, contacts: tuple[UUID, ...]) -> tuple[UUID, ...]:
    own = select(Contact.account_id).where(Contact.id.in_(contacts))
    others = exists().where(Contact.account_id == Account.id, Contact.id.not_in(contacts), Contact.erased_at.is_(None))
    query = select(Account.id).where(Account.id.in_(own), Account.kind == AccountKind.PERSON.value, ~others)
    return tuple(session.scalars(query.order_by(Account.id)))


def _leads(session: Session, contacts: tuple[UUID, ...], points: tuple[UUID, ...], surely: bool) -> tuple[UUID, ...]:
    """Leads that became this person, and those that bear an own number or mail address."""
    address = select(ContactPoint.address).where(ContactPoint.id.in_(points))
    numbers = address.where(ContactPoint.channel == PointChannel.SMS.value)
    mails = address.where(ContactPoint.channel == PointChannel.EMAIL.value)
    addressed = or_(Lead.phone.in_(numbers), Lead.email.in_(mails))
    if surely:
        addressed &= Lead.name.in_(select(Contact.name).where(Contact.id.in_(contacts)))
    query = select(Lead.id).where(or_(Lead.contact_id.in_(contacts), addressed))
    return tuple(session.scalars(query.order_by(Lead.id)))
