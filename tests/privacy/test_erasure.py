"""A person is forgotten: nothing of them is left in any column of any table, but where the law wants it."""

from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Role
from mcrm.db import Database
from mcrm.privacy import erasing
from tests.callers import as_staff
from tests.privacy.lives import Business, Life, live, places_of

KEPT = {"invoices.buyer"}


@pytest.fixture
def house(client: FlaskClient, session: Session) -> Business:
    return Business(client, session)


def forget(life: Life) -> None:
    """Ask, wait for thirty days, and let the engine do it."""
    house = life.house
    house.did(house.ada.post(f"/v1/contacts/{life.id}/erasure"))
    clock.advance(timedelta(days=30, seconds=1))
    while erasing.turn():
        pass
    house.ada = as_staff(house.client, Role.ADMIN)


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak), pytest.param(3, marks=pytest.mark.soak)])
def test_nothing_of_a_forgotten_person_is_left_anywhere(database: Database, house: Business, seed: int) -> None:
    with clock.stopped(clock.now()):
        ben, aisha = Life(house, "ben", 391), Life(house, "aisha", 392)
        live([ben, aisha], seed)
        of_aisha = places_of(database, aisha.needles)
        assert len(places_of(database, ben.needles)) > 30
        forget(ben)

        erasure = house.did(house.ada.get(f"/v1/contacts/{ben.id}/erasure"))
        assert (erasure["state"], erasure["waits_for"]) == ("done", [])
        assert {place: found for place, found in places_of(database, ben.needles).items() if place not in KEPT} == {}
        assert places_of(database, aisha.needles) == of_aisha
        assert {"invoices", "orders", "interactions"} <= {kept["what"] for kept in erasure["report"]}
