"""Numbers are given out again: what was taken off one contact may become another's, and never speaks for the first."""

from sqlalchemy.orm import Session

from mcrm.actors import SYSTEM
from mcrm.contacts import points
from mcrm.contacts.models import Contact
from mcrm.db import Database
from mcrm.transaction import transaction
from tests.cast import a_customer

NUMBER = "+447700900201"


def test_a_removed_number_can_be_given_to_its_next_holder(database: Database, session: Session) -> None:
    a_customer(session, phone=NUMBER)
    mei = a_customer(session, "Mei Lin")
    session.commit()
    with transaction() as work:
        points.remove(work, SYSTEM, point=_point(work))
    with transaction() as work:
        points.add(work, SYSTEM, contact=work.get_one(Contact, mei.id), channel="sms", address=NUMBER)
    with transaction() as work:
        assert _point(work).contact_id == mei.id


def test_who_writes_from_a_removed_number_is_nobody_we_know(database: Database, session: Session) -> None:
    a_customer(session, phone=NUMBER)
    session.commit()
    with transaction() as work:
        points.remove(work, SYSTEM, point=_point(work))
    with transaction() as work:
        assert points.recognise(work, SYSTEM, "sms", NUMBER).contact_id is None


def _point(session: Session) -> points.ContactPoint:
    found = points.find(session, "sms", NUMBER)
    assert found is not None
    return found
