"""Two reps in two territories, their accounts and phones, and the back office."""

from dataclasses import dataclass

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.access import sessions
from mcrm.access.models import User
from mcrm.access.sessions import Device as SignedIn
from mcrm.actors import SYSTEM, Role
from mcrm.api.ratelimit import Rate
from mcrm.api.state import EXTENSION
from mcrm.contacts.models import Contact
from mcrm.products.models import Product
from mcrm.territories.models import Territory
from mcrm.transaction import transaction
from tests import doors
from tests.callers import Caller, as_staff
from tests.cast import a_customer, a_product, a_territory
from tests.sync.device import Device


@dataclass
class Field:
    """The field: West is Sam's, East is Lena's; Ben lives in West, Aisha in East."""

    client: FlaskClient
    west: Territory
    east: Territory
    ben: Contact
    aisha: Contact
    espresso: Product
    ada: Caller
    sam: Caller
    lena: Caller

    def phone(self, of: Caller | None = None, limit: int | None = None) -> Device:
        return Device(of or self.sam, limit)

    def tablet(self, name: str = "Sam Doyle", limit: int | None = None) -> Device:
        """A second device of the same rep, signed in by itself."""
        with transaction() as session:
            sam = session.scalars(select(User).where(User.name == name)).one()
            pair = sessions.open_session(
                session, doors.settings(), SYSTEM, device=SignedIn("tablet"), user=sam, contact_id=None
            )
        return Device(Caller(self.client, pair.access_token), limit)

    def move(self, account_id: object, to: Territory) -> None:
        """The back office gives an account to another territory."""
        answer = self.ada.patch(f"/v1/accounts/{account_id}", {"territory_id": str(to.id)})
        assert answer.status_code == 200, answer.text

    def user_id(self, name: str) -> str:
        """The id of one of the staff."""
        return str(next(user["id"] for user in self.ada.get("/v1/users").json["items"] if user["name"] == name))


@pytest.fixture
def field(client: FlaskClient, session: Session) -> Field:
    return make_field(client, session)


def make_field(client: FlaskClient, session: Session) -> Field:
    """The field on the database in use."""
    client.application.extensions[EXTENSION].by_actor.rate = Rate(per_second=10**6, burst=10**6)
    west, east = a_territory(session), a_territory(session, "East")
    ben = a_customer(session, phone="+447700900201", territory_id=west.id)
    aisha = a_customer(session, "Aisha Khan", phone="+447700900202", territory_id=east.id)
    espresso = a_product(session, stock=50)
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    sam = as_staff(client, Role.REP, [west], name="Sam Doyle")
    lena = as_staff(client, Role.REP, [east], name="Lena Fischer")
    return Field(client, west, east, ben, aisha, espresso, ada, sam, lena)
