"""One search: whatever somebody has in hand, a name, a number, a phone however written, finds what they may see."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.contacts.models import Contact, ContactPoint
from tests.callers import Caller, as_integration, as_staff
from tests.cast import a_customer, a_product, a_territory, an_order


@pytest.fixture
def ben(session: Session) -> Contact:
    west = a_territory(session, "West")
    ben = a_customer(session, "Ben Okafor", phone="+447700900201", territory_id=west.id)
    ben.number = "C-1017"
    session.add(ContactPoint(contact_id=ben.id, channel="email", address="ben.okafor@harbourandpine.example"))
    an_order(session, ben, number="10042")
    a_product(session, "ESP-250", "Harbour Espresso 250 g")
    a_customer(session, "Aisha Khan", phone="+447700900202", territory_id=a_territory(session, "East").id)
    session.commit()
    return ben


def found(caller: Caller, q: str, **query: Any) -> dict[str, list[str]]:
    answer = caller.get("/v1/search", q=q, **query)
    assert answer.status_code == 200, answer.text
    name = {"contacts": "name", "accounts": "name", "orders": "number", "products": "code"}
    groups = {group: [item[name[group]] for item in items] for group, items in answer.json.items()}
    return {group: names for group, names in groups.items() if names}


@pytest.mark.parametrize(
    "q",
    [
        "+447700900201",
        "07700 900201",
        "(07700) 900-201",
        "+44 (0)7700 900201",
        "0044 7700 900 201",
        "C-1017",
        "ben.okafor@harbour",
        "BEN.OKAFOR@harbourandpine.example",
    ],
)
def test_a_contact_is_found_by_whatever_is_at_hand(client: FlaskClient, ben: Contact, q: str) -> None:
    assert found(as_staff(client, Role.AGENT), q) == {"contacts": ["Ben Okafor"]}


def test_a_name_finds_person_and_account_a_number_the_order_a_code_the_product(
    client: FlaskClient, ben: Contact
) -> None:
    kofi = as_staff(client, Role.AGENT)
    assert found(kofi, "okafor") == {"contacts": ["Ben Okafor"], "accounts": ["Ben Okafor"]}
    assert found(kofi, "#10042")["orders"] == ["10042"]
    assert found(kofi, "esp-2") == {"products": ["ESP-250"]}
    assert found(kofi, "espresso") == {"products": ["ESP-250"]}
    assert found(kofi, "okafor", kinds="accounts") == {"accounts": ["Ben Okafor"]}


def test_signs_that_mean_something_to_a_database_are_only_signs(client: FlaskClient, ben: Contact) -> None:
    kofi = as_staff(client, Role.AGENT)
    for q in ("%%", "__", "' OR 1=1 --", "\\\\", "@@"):
        assert found(kofi, q) == {}, q


def test_a_rep_finds_the_own_customers_alone(client: FlaskClient, session: Session, ben: Contact) -> None:
    east = as_staff(client, Role.REP, [a_territory(session, "North")])
    for q in ("okafor", "+447700900201", "C-1017", "10042", "ben.okafor@"):
        assert found(east, q) == {}, q


def test_a_key_finds_only_what_it_permits(client: FlaskClient, ben: Contact) -> None:
    shop = as_integration(client, ["search:read", "products:read"])
    assert found(shop, "okafor") == {}
    assert shop.get("/v1/search", q="okafor").json == {"products": []}
    assert found(shop, "espresso") == {"products": ["ESP-250"]}


def test_there_are_a_few_of_each_the_newest_first(client: FlaskClient, session: Session, ben: Contact) -> None:
    for n in range(7):
        a_customer(session, f"Okafor {n}")
    session.commit()
    kofi = as_staff(client, Role.AGENT)
    assert found(kofi, "okafor", limit=2)["contacts"] == ["Okafor 6", "Okafor 5"]
    assert len(found(kofi, "okafor")["contacts"]) == 5
    for odd in ({"q": "x"}, {"q": "okafor", "limit": 21}, {"q": "okafor", "kinds": "users"}, {}):
        assert kofi.get("/v1/search", **odd).status_code == 422, odd
