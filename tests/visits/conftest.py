"""Sam of the West with the Ferry Café and the Quay Deli in Bristol, and a clock that stands at ten in the morning."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.accounts.models import Account
from mcrm.actors import Role
from mcrm.territories.models import Territory
from tests.callers import Caller, as_staff
from tests.cast import a_territory

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC)
FERRY, DELI = (51.4490, -2.5970), (51.4545, -2.6010)


@dataclass
class Field:
    """Who is there: Sam sees the West; the Pier Kiosk lies in the East."""

    west: Territory
    ferry: UUID
    deli: UUID
    kiosk: UUID
    sam: Caller
    noor: Caller


def an_account(
    session: Session,
    name: str,
    territory: Territory,
    at: tuple[float, float] | None = None,
    account_class: str | None = None,
) -> Account:
    """A company, where somebody can call."""
    lat, lon = at or (None, None)
    account = Account(name=name, territory_id=territory.id, lat=lat, lon=lon, account_class=account_class)
    session.add(account)
    session.flush()
    return account


@pytest.fixture
def noon() -> Iterator[datetime]:
    """The clock stands still."""
    with clock.stopped(NOON):
        yield NOON


@pytest.fixture
def field(client: FlaskClient, session: Session, noon: datetime) -> Field:
    """Everybody signed in."""
    west, east = a_territory(session, "West"), a_territory(session, "East")
    ferry = an_account(session, "The Ferry Café", west, FERRY, "A")
    deli = an_account(session, "Quay Deli", west, DELI, "B")
    kiosk = an_account(session, "Pier Kiosk", east, DELI, "A")
    session.commit()
    sam = as_staff(client, Role.REP, [west], "Sam Doyle")
    return Field(west, ferry.id, deli.id, kiosk.id, sam, as_staff(client, Role.MANAGER, name="Noor Haddad"))
