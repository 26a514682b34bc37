"""Open work goes on when its owner loses the account, by whichever door that happens; nothing of it is forgotten."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Role
from mcrm.rounds import handing_on
from mcrm.transaction import perform
from tests.callers import as_staff
from tests.sync.conftest import Field, field
from tests.sync.test_waking import register

__all__ = ["field"]


def handed_on(session: Session) -> None:
    """As the worker does, until there is nothing left."""
    for _ in range(10):
        if not perform(handing_on.step):
            session.expire_all()
            return
    pytest.fail("it never comes to an end")


def days_ahead(days: int) -> str:
    return (clock.now() + timedelta(days=days)).date().isoformat()


def a_task(field: Field, title: str = "Bring samples") -> Any:
    return field.sam.post("/v1/tasks", {"title": title, "account_id": str(field.ben.account_id)}).json


def a_plan(field: Field, days: int = 3) -> Any:
    return field.sam.post("/v1/planned-visits", {"account_id": str(field.ben.account_id), "on": days_ahead(days)}).json


def _the_account_moves(field: Field) -> None:
    field.move(field.ben.account_id, field.east)


def _the_territory_changes_hands(field: Field) -> None:
    sam, lena = field.user_id("Sam Doyle"), field.user_id("Lena Fischer")
    assert field.ada.put(f"/v1/territories/{field.west.id}/grants/{lena}").status_code == 200
    assert field.ada.delete(f"/v1/territories/{field.west.id}/grants/{sam}").status_code == 204


def _the_rep_leaves(field: Field) -> None:
    lena = field.user_id("Lena Fischer")
    assert field.ada.put(f"/v1/territories/{field.west.id}/grants/{lena}").status_code == 200
    assert field.ada.patch(f"/v1/users/{field.user_id('Sam Doyle')}", {"is_active": False}).status_code == 200


DOORS = [_the_account_moves, _the_territory_changes_hands, _the_rep_leaves]


@pytest.mark.parametrize("happens", DOORS)
def test_a_rep_who_covers_the_account_goes_on_with_it(
    field: Field, session: Session, happens: Callable[[Field], None]
) -> None:
    register(field.lena, "lenas-phone")
    body = {"name": "A grinder", "account_id": str(field.ben.account_id)}
    opportunity = field.sam.post("/v1/opportunities", body).json
    task, plan, done = a_task(field), a_plan(field), a_task(field, "Say hello")
    assert field.sam.post(f"/v1/tasks/{done['id']}/completion").status_code in {200, 201}
    happens(field)
    handed_on(session)
    lena = field.user_id("Lena Fischer")
    assert field.lena.get(f"/v1/tasks/{task['id']}").json["owner_id"] == lena
    assert field.lena.get(f"/v1/planned-visits/{plan['id']}").json["rep_id"] == lena
    assert field.lena.get(f"/v1/opportunities/{opportunity['id']}").json["owner_id"] == lena
    assert field.ada.get(f"/v1/tasks/{done['id']}").json["owner_id"] != lena, "what is done was done by Sam"
    pushes = [one for one in field.ada.get("/v1/deliveries").json["items"] if one["kind"] == handing_on.KIND]
    assert len(pushes) == 1, "one push for the account, whatever it brings"


def test_the_phones_of_both_agree_with_the_server_afterwards(field: Field, session: Session) -> None:
    sams, lenas = field.phone(), field.phone(field.lena)
    task, plan = a_task(field), a_plan(field)
    sams.sync(), lenas.sync()
    field.move(field.ben.account_id, field.east)
    handed_on(session)
    sams.sync(), lenas.sync()
    assert sams.get("tasks", task["id"]) is None
    assert lenas.get("tasks", task["id"])["owner_id"] == field.user_id("Lena Fischer")  # type: ignore[index]
    assert lenas.get("planned_visits", plan["id"]) is not None
    assert sams.is_equal_to_the_server(), sams.differences()
    assert lenas.is_equal_to_the_server(), lenas.differences()


def test_where_no_rep_covers_the_account_its_manager_takes_the_work(field: Field, session: Session) -> None:
    task, plan = a_task(field), a_plan(field)
    path = f"/v1/territories/{field.west.id}/grants/{field.user_id('Sam Doyle')}"
    assert field.ada.delete(path).status_code == 204
    handed_on(session)
    takes = field.ada.get(f"/v1/tasks/{task['id']}").json["owner_id"]
    assert takes == field.user_id("Ada Marsh"), "there is no manager: the admin answers for it"
    assert field.ada.get(f"/v1/planned-visits/{plan['id']}").json["rep_id"] == takes


def test_it_is_shared_out_by_how_much_each_has(field: Field, session: Session) -> None:
    made = [a_task(field, f"Errand {n}")["id"] for n in range(4)]
    _the_rep_leaves(field)
    as_staff(field.client, Role.REP, [field.west], name="Mo Ali")
    handed_on(session)
    owners = [field.ada.get(f"/v1/tasks/{id_}").json["owner_id"] for id_ in made]
    assert sorted(owners) == sorted([field.user_id("Mo Ali"), field.user_id("Lena Fischer")] * 2)


def test_who_still_sees_the_account_keeps_the_work(field: Field, session: Session) -> None:
    task = a_task(field)
    handed_on(session)
    assert field.ada.get(f"/v1/tasks/{task['id']}").json["owner_id"] == field.user_id("Sam Doyle")
