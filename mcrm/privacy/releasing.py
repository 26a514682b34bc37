"""The first moment of forgetting: the person is nobody any more; what hangs on them is emptied afterwards."""

from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access.models import SignIn
from mcrm.accounts.models import ERASED, Account, AccountKind
from mcrm.consents.marks import mark_of
from mcrm.consents.models import Suppression
from mcrm.contacts.models import Contact, ContactPoint, PointState
from mcrm.deliveries.models import Delivery, DeliveryState
from mcrm.privacy.persons import Person

REASON = "contact-erased"
UNSYNCHRONISED = {"synchronize_session": False}


def release(session: Session, person: Person) -> None:
    """Take name, addresses and sign-ins away in one go: from here on nobody writes to them, and a message from their
    number is a stranger's.
    """
    for contact in session.scalars(select(Contact).where(Contact.id.in_(person.contacts))):
        _blank_contact(contact)
    for account in session.scalars(select(Account).where(Account.id.in_(person.accounts))):
        _blank_account(account)
    _rename_households(session, person)
    addresses = list(session.scalars(select(ContactPoint).where(ContactPoint.id.in_(person.points))))
    _keep_stops(session, addresses)
    for point in addresses:
        _blank_point(point)
    session.execute(delete(SignIn).where(SignIn.contact_id.in_(person.contacts)), execution_options=UNSYNCHRONISED)
    waiting = update(Delivery).where(
        Delivery.contact_id.in_(person.contacts), Delivery.state == DeliveryState.QUEUED.value
    )
    ended = {"state": DeliveryState.SUPPRESSED.value, "reason": REASON, "settled_at": clock.now()}
    session.execute(waiting.values(**ended), execution_options=UNSYNCHRONISED)
    session.flush()


def _blank_contact(contact: Contact) -> None:
    contact.name = ERASED
    contact.number = contact.locale = contact.timezone = contact.notes = None
    contact.custom = {}
    contact.erased_at = clock.now()


def _blank_account(account: Account) -> None:
    account.name = ERASED
    account.number = account.locale = account.timezone = account.lat = account.lon = None
    account.custom = {}


def _blank_point(point: ContactPoint) -> None:
    """The row stays, because the log names it; the number is free for whoever comes next."""
    point.address = f"erased:{point.id}"
    point.state = PointState.REMOVED.value
    point.contact_id = point.verified_at = point.last_seen_at = None
    point.kind = point.platform = point.device_id = point.locale = None


def _rename_households(session: Session, person: Person) -> None:
    """A private account that others live on bears the name of one of them now."""
    shared = select(Account).where(
        Account.id.in_(select(Contact.account_id).where(Contact.id.in_(person.contacts))),
        Account.kind == AccountKind.PERSON.value,
        Account.id.not_in(person.accounts),
    )
    for account in session.scalars(shared):
        others = select(Contact.name).where(
            Contact.account_id == account.id, Contact.id.not_in(person.contacts), Contact.erased_at.is_(None)
        )
        account.name = session.scalars(others.order_by(Contact.id).limit(1)).one()


def _keep_stops(session: Session, addresses: Sequence[ContactPoint]) -> None:
    """Of a stop in force the mark of its address stays; one that was lifted goes, and so does a second of a kind."""
    for point in addresses:
        mark = mark_of(point.channel, point.address)
        of_address = Suppression.address.in_([point.address, mark])
        query = select(Suppression).where(Suppression.channel == point.channel, of_address).order_by(Suppression.id)
        kept: set[str] = set()
        for stop in session.scalars(query):
            if stop.lifted_at is not None or stop.reason in kept:
                session.delete(stop)
                session.flush()
                continue
            kept.add(stop.reason)
            stop.address, stop.detail = mark, None
        session.flush()
