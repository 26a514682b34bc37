"""Whatever is asked of it, the API answers as its description says, to each caller no more than what is theirs."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient

from mcrm.actors import Role
from mcrm.db import Database
from mcrm.transaction import transaction
from tests import doors
from tests.callers import Caller, as_customer, as_staff
from tests.cast import a_customer, a_product, a_territory, an_order
from tests.conventions.fuzzing import fuzz, served


@pytest.fixture
def identities(committed: Database) -> dict[str, Caller]:
    """Ada sees all, Sam the West, Ben himself; everybody has something that is not the others'."""
    client: FlaskClient = doors.make_app().test_client()
    ada = as_staff(client, Role.ADMIN)
    with transaction() as session:
        west, east = a_territory(session, "West"), a_territory(session, "East")
        ben = a_customer(session, phone="+447700900201", telegram=700201, push="token-of-ben", territory_id=west.id)
        mei = a_customer(session, "Mei Lin", phone="+447700900204", territory_id=east.id)
        for customer in (ben, mei):
            for status in ("new", "confirmed", "shipped"):
                an_order(session, customer, status=status)
        news = [an_order(session, customer) for customer in (ben, mei)]
        a_product(session, stock=100_000)
        a_product(session, "FIL-250", "Pine Filter 250 g", stock=100_000)
    for order in news:  # of which Ben and Mei are told: there are deliveries
        assert ada.post(f"/v1/orders/{order.id}/shipments", {"carrier": "Royal Mail"}).status_code == 201
    return {
        "ada": ada,
        "sam": as_staff(client, Role.REP, [west], "Sam Doyle"),
        "ben": as_customer(client, ben),
    }


@pytest.mark.soak
@pytest.mark.parametrize("first", ["ada", "sam", "ben"])
def test_nothing_breaks_and_every_answer_is_as_described(
    identities: dict[str, Caller], tmp_path: Path, first: str
) -> None:
    with served() as url:
        ran = fuzz(url, tmp_path, identities, first=first, peers=["sam", "ben"], seconds=60)

    assert ran.returncode == 0, ran.stdout[-30_000:] + ran.stderr[-5_000:]


@pytest.mark.soak
def test_neither_does_ending_ones_own_session(identities: dict[str, Caller], tmp_path: Path) -> None:
    with served() as url:
        ran = fuzz(url, tmp_path, identities, first="ada", peers=["sam", "ben"], seconds=20, ending=True)

    assert ran.returncode == 0, ran.stdout[-30_000:] + ran.stderr[-5_000:]
