"""One change for every row of a filter: counted, run by the worker, each row by the ordinary rules."""

from uuid import UUID

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.bulkchanges import service
from mcrm.contacts.models import Contact
from mcrm.interactions.models import Interaction
from mcrm.products.models import Product
from mcrm.transaction import perform
from tests.callers import as_staff
from tests.cast import a_customer, a_product, a_territory


def work() -> None:
    while perform(service.step):
        pass


def test_a_change_is_counted_first_and_then_made_row_by_row(client: FlaskClient, session: Session) -> None:
    for n in range(service.PAGE + 3):
        a_product(session, f"HP-{n}", f"Mug {n}").category = "Mugs" if n else "Other"
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    asked = {"resource": "products", "filter": {"category": "Mugs"}, "set": {"category": "Homeware"}}
    made = ada.post("/v1/bulk-changes", asked)
    assert (made.status_code, made.json["matching"], made.json["state"]) == (201, service.PAGE + 2, "counted")
    work()
    assert session.scalars(select(Product).where(Product.category == "Homeware")).all() == []

    path = f"/v1/bulk-changes/{made.json['id']}"
    assert ada.post(f"{path}/run").status_code == 202
    assert ada.post(f"{path}/run").json["code"] == "bulk-change.over"
    work()
    shown = ada.get(path).json
    assert (shown["state"], shown["counts"]) == ("finished", {"updated": service.PAGE + 2})
    session.expire_all()
    assert len(session.scalars(select(Product).where(Product.category == "Homeware")).all()) == service.PAGE + 2
    kinds = list(session.scalars(select(Interaction.kind)))
    assert kinds.count("product.changed") == service.PAGE + 2
    assert len(ada.get(f"{path}/rows", limit=100).json["items"]) == service.PAGE + 2


def test_it_reaches_only_what_its_author_reaches(client: FlaskClient, session: Session) -> None:
    west, east = a_territory(session, "West"), a_territory(session, "East")
    ben = a_customer(session, "Ben Okafor", territory_id=west.id)
    a_customer(session, "Aisha Khan", territory_id=east.id)
    session.commit()
    sam = as_staff(client, Role.REP, [west])
    made = sam.post("/v1/bulk-changes", {"resource": "contacts", "filter": {}, "set": {"locale": "fr"}}).json
    sam.post(f"/v1/bulk-changes/{made['id']}/run")
    work()
    session.expire_all()
    assert list(session.scalars(select(Contact.id).where(Contact.locale == "fr"))) == [ben.id]
    lena = as_staff(client, Role.REP, [east])
    assert lena.get(f"/v1/bulk-changes/{made['id']}").status_code == 404
    foreign = {"resource": "products", "filter": {}, "set": {"category": "x"}}
    assert sam.post("/v1/bulk-changes", foreign).status_code == 403


def test_only_what_a_list_filters_and_a_patch_changes_can_be_asked(client: FlaskClient, session: Session) -> None:
    ada = as_staff(client, Role.ADMIN)
    for asked in (
        {"filter": {"nothing": 1}, "set": {"locale": "fr"}},
        {"filter": {"limit": 5}, "set": {"locale": "fr"}},
        {"filter": {}, "set": {"number": "1"}},
        {"filter": {}, "set": {"locale": "klingon!"}},
        {"filter": {}, "set": {}},
        {"filter": {"phone": "nobody"}, "set": {"locale": "fr"}},
    ):
        assert ada.post("/v1/bulk-changes", {"resource": "contacts", **asked}).status_code == 422, asked


FILTERS = {
    "contacts": {"q": "ben", "phone": "+447700900201", "account_id": str(UUID(int=1)), "tag": "vip"},
    "accounts": {
        "q": "ben",
        "territory_id": str(UUID(int=1)),
        "parent_id": str(UUID(int=1)),
        "kind": "company",
        "account_class": "gold",
        "tag": "vip",
    },
    "products": {"q": "mug", "category": "Mugs", "is_active": False},
}


def test_every_filter_of_the_list_narrows_what_is_changed(client: FlaskClient, session: Session) -> None:
    a_customer(session, "Aisha Khan")
    a_product(session)
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    for resource, filters in FILTERS.items():
        assert filters.keys() == service.TARGETS[resource].filters.fields.keys()
        change = {"products": {"category": "x"}}.get(resource, {"locale": "fr"})
        for name, value in {"": None, **filters}.items():
            asked = {"resource": resource, "filter": {name: value} if name else {}, "set": change}
            made = ada.post("/v1/bulk-changes", asked)
            assert (made.status_code, made.json["matching"]) == (201, 0 if name else 1), (resource, name)


def test_a_change_reaches_only_who_has_the_tag_and_the_own_field(client: FlaskClient, session: Session) -> None:
    ben, aisha = a_customer(session, "Ben Okafor"), a_customer(session, "Aisha Khan")
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    field = {"table": "contacts", "name": "roast", "type": "string", "label": "Roast"}
    defined = ada.post("/v1/custom-fields", field).json
    for customer in (ben, aisha):
        assert ada.patch(f"/v1/contacts/{customer.id}", {"custom": {"roast": "dark"}}).status_code == 200
    assert ada.put(f"/v1/contacts/{ben.id}/tags/vip").status_code == 200
    asked = {"resource": "contacts", "filter": {"tag": "vip", "custom.roast": "dark"}, "set": {"locale": "fr"}}
    made = ada.post("/v1/bulk-changes", asked).json
    assert (made["matching"], made["filter"]) == (1, asked["filter"])
    ada.post(f"/v1/bulk-changes/{made['id']}/run")
    work()
    session.expire_all()
    assert list(session.scalars(select(Contact.id).where(Contact.locale == "fr"))) == [ben.id]

    for wrong in ({"custom.shoe": "9"}, {"custom.roast": 9}):
        assert ada.post("/v1/bulk-changes", asked | {"filter": wrong}).status_code == 422, wrong
    again = ada.post("/v1/bulk-changes", asked | {"set": {"locale": "de"}}).json
    ada.post(f"/v1/bulk-changes/{again['id']}/run")
    assert ada.delete(f"/v1/custom-fields/{defined['id']}", tag="*").status_code == 204
    work()
    assert ada.get(f"/v1/bulk-changes/{again['id']}").json["state"] == "cancelled"


def test_a_refused_row_says_why_and_costs_the_others_nothing(client: FlaskClient, session: Session) -> None:
    a_customer(session, "Ben Okafor")
    aisha = a_customer(session, "Aisha Khan")
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    accounts = ada.get("/v1/accounts").json["items"]
    parent = next(one["id"] for one in accounts if one["name"] == "Aisha Khan")
    asked = {"resource": "accounts", "filter": {}, "set": {"parent_id": parent}}
    made = ada.post("/v1/bulk-changes", asked).json
    ada.post(f"/v1/bulk-changes/{made['id']}/run")
    work()
    rows = ada.get(f"/v1/bulk-changes/{made['id']}/rows").json["items"]
    found = {one["subject_id"]: (one["outcome"], one["code"]) for one in rows}
    assert found.pop(str(aisha.account_id)) == ("rejected", "account.circle")
    assert list(found.values()) == [("updated", "")]


def test_a_stopped_change_goes_no_further(client: FlaskClient, session: Session) -> None:
    for n in range(service.PAGE + 1):
        a_product(session, f"HP-{n}", f"Mug {n}")
    session.commit()
    ada = as_staff(client, Role.ADMIN)
    made = ada.post("/v1/bulk-changes", {"resource": "products", "filter": {}, "set": {"unit": "piece"}}).json
    path = f"/v1/bulk-changes/{made['id']}"
    ada.post(f"{path}/run")
    assert perform(service.step)
    assert ada.post(f"{path}/cancellation").status_code == 200
    assert not perform(service.step)
    session.expire_all()
    assert len(session.scalars(select(Product).where(Product.unit == "piece")).all()) == service.PAGE
