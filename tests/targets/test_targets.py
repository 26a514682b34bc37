"""Targets: what a rep, a territory or a team is to reach; the progress is counted from what happened."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Role
from mcrm.targets import service
from tests.callers import Caller, as_staff
from tests.cast import a_customer, a_product, a_territory


class Field:
    """Ben of the West, to whom Sam sells, and Aisha of the East."""

    def __init__(self, client: FlaskClient, session: Session) -> None:
        self.session = session
        self.west, self.east = a_territory(session), a_territory(session, "East")
        self.ben = a_customer(session, territory_id=self.west.id)
        self.aisha = a_customer(session, "Aisha Khan", territory_id=self.east.id)
        self.espresso = a_product(session, price=950, stock=100)
        session.commit()
        self.ada = as_staff(client, Role.ADMIN)
        self.sam = as_staff(client, Role.REP, [self.west], name="Sam Doyle")
        self.sam_id = next(u["id"] for u in self.ada.get("/v1/users").json["items"] if u["name"] == "Sam Doyle")

    def target(self, **facts: Any) -> dict[str, Any]:
        """This month's of the West, unless it says else."""
        today = clock.now().date()
        days = {
            "starts_on": (today - timedelta(days=9)).isoformat(),
            "ends_on": (today + timedelta(days=9)).isoformat(),
        }
        made = self.ada.post("/v1/targets", {"goal": 10, "territory_id": str(self.west.id), **days, **facts})
        assert made.status_code == 201, made.text
        return dict(made.json)

    def progress(self, target: dict[str, Any]) -> int:
        """As the API shows it after the engine's turn."""
        assert not service.refresh()
        return int(self.ada.get(f"/v1/targets/{target['id']}").json["progress"])

    def order(self, by: Caller, of: Any = None, quantity: int = 2) -> dict[str, Any]:
        """An order of so many espressos at 9.50."""
        lines = [{"product_id": str(self.espresso.id), "quantity": quantity}]
        made = by.post("/v1/orders", {"contact_id": str((of or self.ben).id), "lines": lines})
        assert made.status_code == 201, made.text
        return dict(made.json)


@pytest.fixture
def field(client: FlaskClient, session: Session) -> Field:
    return Field(client, session)


def test_orders_count_for_the_rep_who_took_them_and_for_the_territory(field: Field) -> None:
    of_west = field.target(measure="orders-value", currency="GBP")
    of_sam = field.target(measure="orders-value", currency="GBP", user_id=field.sam_id)
    count = field.target(measure="orders-count", user_id=field.sam_id)
    field.order(field.sam)
    field.order(field.ada)
    field.order(field.ada, field.aisha)
    cancelled = field.order(field.sam)
    assert field.sam.post(f"/v1/orders/{cancelled['id']}/cancellation").status_code == 201
    assert [field.progress(one) for one in (of_west, of_sam, count)] == [2 * 1900, 1900, 1]
    seen = field.sam.get("/v1/targets", on=clock.now().date().isoformat()).json["items"]
    assert {item["id"] for item in seen} == {one["id"] for one in (of_west, of_sam, count)}


def test_a_larger_territory_counts_those_below_it(field: Field) -> None:
    south = field.ada.post("/v1/territories", {"name": "South"}).json
    parent = {"parent_id": south["id"]}
    assert field.ada.patch(f"/v1/territories/{field.west.id}", parent).status_code == 200
    target = field.target(measure="orders-count", territory_id=south["id"])
    field.order(field.ada)
    field.order(field.ada, field.aisha)
    assert field.progress(target) == 1


def test_new_accounts_and_won_opportunities_count(field: Field) -> None:
    accounts = field.target(measure="new-accounts", user_id=field.sam_id)
    won = field.target(measure="opportunities-won")
    account = field.sam.post("/v1/accounts", {"name": "Rosa's Bakery"}).json
    made = field.sam.post("/v1/opportunities", {"name": "Beans", "account_id": account["id"]}).json
    assert [field.progress(one) for one in (accounts, won)] == [1, 0]
    field.sam.post(f"/v1/opportunities/{made['id']}/win")
    assert field.progress(won) == 1


def test_visits_count_for_the_rep_and_for_the_territory(field: Field) -> None:
    mine, of_west = field.target(measure="visits", user_id=field.sam_id), field.target(measure="visits")
    seen = field.sam.post("/v1/visits", {"account_id": str(field.ben.account_id)})
    assert seen.status_code == 201, seen.text
    assert [field.progress(one) for one in (mine, of_west)] == [1, 1]


def test_a_team_counts_what_its_people_did(field: Field) -> None:
    assert field.ada.patch(f"/v1/users/{field.sam_id}", {"team": "field"}).status_code == 200
    target = field.target(measure="orders-count", team="field", territory_id=None)
    field.order(field.sam)
    field.order(field.ada)
    assert field.progress(target) == 1
    assert field.sam.get(f"/v1/targets/{target['id']}").status_code == 404, "a team's target is the managers'"


def test_what_stands_still_is_not_written(field: Field) -> None:
    target = field.target(measure="orders-count")
    field.order(field.ada)
    field.progress(target)
    rev = field.ada.get(f"/v1/targets/{target['id']}").json["rev"]
    field.progress(target)
    assert field.ada.get(f"/v1/targets/{target['id']}").json["rev"] == rev


def test_a_target_is_changed_and_taken_back(field: Field) -> None:
    target = field.target(measure="orders-count")
    path = f"/v1/targets/{target['id']}"
    assert field.ada.patch(path, {"goal": 20}).json["goal"] == 20
    backwards = field.ada.patch(path, {"ends_on": "2020-01-01"})
    assert (backwards.status_code, backwards.json["code"]) == (422, "target.unfit")
    assert field.sam.patch(path, {"goal": 1}, '"2"').status_code == 403
    assert field.ada.delete(path, '"2"').status_code == 204


@pytest.mark.parametrize(
    ("facts", "code"),
    [
        ({"measure": "orders-value"}, "target.currency"),
        ({"measure": "orders-count", "currency": "GBP"}, "target.currency"),
        ({"measure": "orders-count", "territory_id": None}, "target.unfit"),
        ({"measure": "orders-count", "team": "field"}, "target.unfit"),
        ({"measure": "orders-count", "starts_on": "2199-01-01"}, "target.unfit"),
    ],
)
def test_a_target_that_is_nobodys_is_refused(field: Field, facts: dict[str, Any], code: str) -> None:
    west = {"territory_id": str(field.west.id), "goal": 1, "starts_on": "2026-01-01", "ends_on": "2026-12-31"}
    refused = field.ada.post("/v1/targets", {**west, **facts})
    assert (refused.status_code, refused.json["code"]) == (422, code)
