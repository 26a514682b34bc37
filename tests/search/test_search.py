"""One search: whatever somebody has in hand, a name, a number, a phone however written, finds what they may see."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import SYSTEM, Role
from mcrm.cases import service as cases
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.territories.models import Territory
from mcrm.transaction import transaction
from tests.callers import Caller, as_integration, as_staff
from tests.cast import a_customer, a_product, a_territory, an_order


@pytest.fixture
def ben(session: Session) -> Contact:
    west = a_territory(session, "West")
    ben = a_customer(session, "Ben Okafor", phone="+447700900201", territory_id=west.id)
    ben.number = "C-1017"
    session.add(ContactPoint(contact_id=ben.id, channel="email", address="ben.okafor@harbourandpine.example"))
    an_order(session, ben, number="10042")
    a_product(session, "ESP-250", "Harbour Espresso 250 g", stock=9)
    a_customer(session, "Aisha Khan", phone="+447700900202", territory_id=a_territory(session, "East").id)
    session.commit()
    return ben


def found(caller: Caller, q: str, **query: Any) -> dict[str, list[str]]:
    answer = caller.get("/v1/search", q=q, **query)
    assert answer.status_code == 200, answer.text
    name = {
        "contacts": "name",
        "accounts": "name",
        "products": "code",
        "returns": "order_number",
        "shipments": "tracking_number",
    }
    groups = {group: [item[name.get(group, "number")] for item in items] for group, items in answer.json.items()}
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


@pytest.fixture
def sold(client: FlaskClient, ben: Contact) -> dict[str, str]:
    """What came of Ben's quote, by group: the number that somebody reads out on the phone."""
    ada = as_staff(client, Role.ADMIN)

    def made(path: str, body: Any = None) -> Any:
        answer = ada.post(path, body)
        assert answer.status_code == 201, answer.text
        return answer.json

    product = ada.get("/v1/products").json["items"][0]["id"]
    quote = made("/v1/quotes", {"contact_id": str(ben.id), "lines": [{"product_id": product, "quantity": 2}]})
    order = made(f"/v1/quotes/{quote['id']}/acceptance")
    path, line = f"/v1/orders/{order['id']}", order["lines"][0]["id"]
    parcel = made(f"{path}/shipments", {"carrier": "Royal Mail", "tracking_number": "RM123456785GB"})
    paper = made(f"{path}/invoices")
    made(f"{path}/returns", {"reason": "damaged", "lines": [{"line_id": line, "quantity": 1}]})
    with transaction() as session:
        about = {"contact_id": ben.id, "contact_point_id": None}
        case, _ = cases.open_case(session, SYSTEM, kind="refund", summary="A torn bag.", **about)
    return {
        "quotes": quote["number"],
        "orders": order["number"],
        "invoices": paper["number"],
        "shipments": parcel["tracking_number"],
        "cases": case.number,
    }


def test_every_paper_of_an_order_is_found_by_its_number(client: FlaskClient, sold: dict[str, str]) -> None:
    kofi = as_staff(client, Role.AGENT)
    order, paper, parcel = sold["orders"], sold["invoices"], sold["shipments"]
    assert found(kofi, sold["quotes"].lower()) == {"quotes": [sold["quotes"]]}
    assert found(kofi, f"#{order}") == {"orders": [order], "invoices": [paper], "returns": [order]}
    assert found(kofi, paper.replace("-", " ")) == {"invoices": [paper]}
    assert found(kofi, "rm1234 5678 5gb") == {"orders": [order], "shipments": [parcel]}
    assert found(kofi, sold["cases"].replace("-", "").lower()) == {"cases": [sold["cases"]]}
    assert found(kofi, order, kinds="returns") == {"returns": [order]}


def test_what_hangs_on_an_order_is_found_within_reach_alone(
    client: FlaskClient, session: Session, sold: dict[str, str]
) -> None:
    [west] = session.scalars(select(Territory).where(Territory.name == "West"))
    sam, lena = as_staff(client, Role.REP, [west]), as_staff(client, Role.REP, [a_territory(session, "North")])
    session.commit()
    shop = as_integration(client, ["search:read", "orders:read"])
    for group, number in sold.items():
        assert number in found(sam, number)[group], group
        assert found(lena, number) == {}, group
        assert (group in found(shop, number)) is (group not in {"invoices", "cases"}), group


@pytest.mark.parametrize(
    ("path", "group"),
    [("/v1/orders", "orders"), ("/v1/orders", "shipments"), ("/v1/quotes", "quotes"), ("/v1/invoices", "invoices")],
)
def test_what_the_search_finds_its_list_finds(client: FlaskClient, sold: dict[str, str], path: str, group: str) -> None:
    ada = as_staff(client, Role.ADMIN)
    [item] = ada.get(path, q=sold[group]).json["items"]
    assert item["number"] == sold["orders" if path == "/v1/orders" else group]
    assert ada.get(path, q="99999999").json["items"] == []
    assert ada.get(path, number=item["number"].lower()).json["items"] == [item]
    assert len(ada.get("/v1/returns", q=sold["orders"]).json["items"]) == 1
