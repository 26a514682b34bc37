"""A desk: customers' phones on one side, agents on the other."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mcrm import clock, db, keys
from mcrm.actors import SYSTEM, Role
from mcrm.contacts.models import Contact
from mcrm.settings_store import service as settings_store
from mcrm.transaction import perform
from tests.bots.conftest import SETTINGS, Phones, Replies
from tests.callers import Caller, as_staff
from tests.cast import a_customer, an_order

BEN = "+447700900201"
NOON = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)  # a Thursday
NIGHT = datetime(2026, 11, 26, 22, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fresh_settings() -> Iterator[None]:
    """What another test set is not remembered here."""
    settings_store.forget()
    yield
    settings_store.forget()


@pytest.fixture
def phones(database: db.Database) -> Phones:
    """People's phones."""
    keys.use(SETTINGS.secret_key)
    return Phones()


@pytest.fixture
def replies(session: Session) -> Replies:
    """What was answered."""
    return Replies(session)


@pytest.fixture
def ben(session: Session) -> Contact:
    """A customer with an order on its way, on SMS and Telegram."""
    ben = a_customer(session, "Ben Okafor", phone=BEN, telegram=700201)
    an_order(session, ben, "1002", "shipped")
    session.commit()
    return ben


@pytest.fixture
def kofi(client: FlaskClient) -> Caller:
    """An agent who is present."""
    kofi = as_staff(client, Role.AGENT, name="Kofi Mensah")
    assert kofi.put("/v1/inbox/presence", {"is_present": True}).status_code == 200
    return kofi


@pytest.fixture
def noor(client: FlaskClient) -> Caller:
    """A colleague who is not."""
    return as_staff(client, Role.MANAGER, name="Noor Haddad")


def a_setting(name: str, value: object) -> None:
    """What an admin set."""
    perform(lambda session: settings_store.put(session, SYSTEM, name, value))


def at(monkeypatch: pytest.MonkeyPatch, moment: datetime) -> None:
    """Set the clock."""
    monkeypatch.setattr(clock, "now", lambda: moment)
