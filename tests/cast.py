"""The recurring cast: small builders that put believable people and orders into the database under test."""

from itertools import count
from uuid import UUID

from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.accounts.models import Account, AccountKind
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.orders.models import Order
from mcrm.territories.models import Territory

_numbers = count(2000)


def a_territory(session: Session, name: str = "West") -> Territory:
    """A territory."""
    territory = Territory(name=name)
    session.add(territory)
    session.flush()
    return territory


def a_customer(
    session: Session,
    name: str = "Ben Okafor",
    *,
    phone: str | None = None,
    telegram: int | None = None,
    push: str | None = None,
    territory_id: UUID | None = None,
) -> Contact:
    """A private person with an account and the addresses given."""
    account = Account(name=name, kind=AccountKind.PERSON.value, territory_id=territory_id)
    contact = Contact(name=name, account_id=account.id)
    session.add(account)
    session.flush()
    session.add(contact)
    session.flush()
    for channel, address in (("sms", phone), ("telegram", telegram), ("push", push)):
        if address is not None:
            kind = "token" if channel == "push" else None
            session.add(ContactPoint(contact_id=contact.id, channel=channel, address=str(address), kind=kind))
    session.flush()
    return contact


def an_order(
    session: Session, customer: Contact, number: str | None = None, status: str = "confirmed", total: int = 2450
) -> Order:
    """An order of that customer, without lines."""
    number = number or str(next(_numbers))
    order = Order(
        number=number,
        number_key=number.upper(),
        status=status,
        account_id=customer.account_id,
        contact_id=customer.id,
        currency="GBP",
        total=total,
        placed_at=clock.now(),
    )
    session.add(order)
    session.flush()
    return order
