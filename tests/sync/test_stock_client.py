"""What WatermelonDB 0.28 itself puts into a push: empty columns filled, `updated_at` as an edit, rows made twice."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.interactions.models import Interaction
from tests.sync.conftest import Field
from tests.sync.test_pushing import position


def test_columns_that_the_app_left_empty_mean_the_same_as_columns_not_sent(field: Field) -> None:
    """The client has no null in a column that is not optional: it puts an empty text, or zero."""
    phone = field.phone()
    phone.sync()
    company = phone.create("accounts", name="Rosa's Bakery")
    person = phone.create("contacts", name="Mei Lin")
    assert (company["kind"], person["account_id"], company["created_at"] > 0) == ("", "", True)
    phone.sync()
    assert phone.pushed["errors"] == []
    phone.sync()
    assert phone.get("accounts", company["id"])["kind"] == "company"  # type: ignore[index]
    assert phone.get("contacts", person["id"])["account_id"] != ""  # type: ignore[index]
    assert phone.is_equal_to_the_server()


def test_a_note_without_a_time_was_written_when_it_was_made(field: Field, session: Session) -> None:
    phone = field.phone()
    phone.sync()
    phone.create("interactions", kind="note.added", contact_id=field.ben.id, text="Likes oat milk.")
    phone.create("interactions", kind="note.added", contact_id=field.ben.id, text="And cake.", created_at=0, at=0)
    phone.push()
    assert phone.pushed["errors"] == []
    notes = select(Interaction).where(Interaction.kind == "note.added").order_by(Interaction.position)
    first, second = session.scalars(notes)
    assert first.at.timestamp() == 1_767_323_045
    assert clock.now() - second.at < timedelta(minutes=5)


def test_a_form_that_was_saved_without_a_change_is_no_edit(field: Field, session: Session) -> None:
    phone = field.phone()
    phone.sync()
    stands = position(session)
    phone.edit("contacts", field.ben.id)
    assert phone.get("contacts", field.ben.id)["_changed"] == "updated_at"  # type: ignore[index]
    phone.push()
    assert phone.pushed["errors"] == []
    assert position(session) == stands


@pytest.mark.parametrize("column", ["kind", "name"])
def test_a_row_that_came_back_though_its_answer_was_lost_is_taken_for_what_it_is(field: Field, column: str) -> None:
    """It still comes as made, with the revision it now has; what was typed before the first push is no new edit."""
    phone = field.phone()
    phone.sync()
    account = phone.create("accounts", name="Rosa's Bakery", kind="company")
    phone.edit("accounts", account["id"], **{column: account[column]})
    phone.push(lose_reply=True)
    assert field.ada.patch(f"/v1/accounts/{account['id']}", {"name": "Rosa & Sons"}).status_code == 200
    while phone.pull():
        pass
    row: Any = phone.get("accounts", account["id"])
    assert (row["_status"], row["rev"] > 0) == ("created", True)
    assert field.ada.patch(f"/v1/accounts/{account['id']}", {"locale": "it"}).status_code == 200
    phone.push()
    assert (phone.pushed["errors"], phone.pushed["conflicts"]) == ([], [])
    phone.sync()
    stored = field.ada.get(f"/v1/accounts/{account['id']}").json
    assert (stored["name"], stored["locale"]) == ("Rosa & Sons", "it")
    assert phone.is_equal_to_the_server()


def test_an_order_whose_answer_was_lost_may_come_again_as_made(field: Field) -> None:
    phone = field.phone()
    phone.sync()
    order = phone.create("orders", contact_id=field.ben.id, reference="by phone")
    line = phone.create("order_lines", order_id=order["id"], product_id=field.espresso.id, quantity=2)
    phone.edit("orders", order["id"], reference="by phone, urgent")
    phone.edit("order_lines", line["id"], quantity=3)
    phone.push(lose_reply=True)
    while phone.pull():
        pass
    phone.push()
    assert phone.pushed["errors"] == []
    phone.sync()
    assert field.ada.get(f"/v1/orders/{order['id']}").json["lines"][0]["quantity"] == 3
    assert phone.is_equal_to_the_server()
