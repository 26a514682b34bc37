"""Accounts move between reps with all that hangs on them, in one sync; scopes are granted and taken back."""

import pytest
from sqlalchemy.orm import Session

from mcrm.sync import pulling
from tests.cast import a_customer, an_order
from tests.sync.conftest import Field
from tests.sync.device import Device


def holds(phone: Device, field: Field) -> list[int]:
    """How many of Ben's rows a phone holds: account, contact, point, order, note."""
    return [
        sum(raw["id"] == str(field.ben.account_id) for raw in phone.rows("accounts")),
        sum(raw["id"] == str(field.ben.id) for raw in phone.rows("contacts")),
        sum(raw["contact_id"] == str(field.ben.id) for raw in phone.rows("contact_points")),
        sum(raw["contact_id"] == str(field.ben.id) for raw in phone.rows("orders")),
        sum(raw["account_id"] == str(field.ben.account_id) for raw in phone.rows("interactions")),
    ]


@pytest.fixture
def phones(field: Field, session: Session) -> tuple[Device, Device]:
    """Sam's and Lena's, in sync; Ben has an order and a note."""
    an_order(session, field.ben)
    session.commit()
    sams, lenas = field.phone(field.sam), field.phone(field.lena)
    sams.sync()
    sams.create("interactions", kind="note.added", account_id=field.ben.account_id, text="Likes it dark.")
    sams.sync()
    sams.sync()
    lenas.sync()
    return sams, lenas


def test_an_account_moves_with_all_that_hangs_on_it_in_one_sync(field: Field, phones: tuple[Device, Device]) -> None:
    sams, lenas = phones
    assert (holds(sams, field), holds(lenas, field)) == ([1] * 5, [0] * 5)
    field.move(field.ben.account_id, field.east)
    sams.sync(), lenas.sync()
    assert (holds(sams, field), holds(lenas, field)) == ([0] * 5, [1] * 5)
    field.move(field.ben.account_id, field.west)
    sams.sync(), lenas.sync()
    assert (holds(sams, field), holds(lenas, field)) == ([1] * 5, [0] * 5)
    assert sams.is_equal_to_the_server()
    assert lenas.is_equal_to_the_server()


def test_a_contact_moves_to_a_foreign_account_and_its_addresses_with_it(
    field: Field, phones: tuple[Device, Device]
) -> None:
    sams, lenas = phones
    moved = field.ada.patch(f"/v1/contacts/{field.ben.id}", {"account_id": str(field.aisha.account_id)})
    assert moved.status_code == 200
    sams.sync(), lenas.sync()
    assert holds(sams, field) == [1, 0, 0, 1, 1], "orders and notes stay with the account"
    assert holds(lenas, field) == [0, 1, 1, 0, 0]
    assert sams.is_equal_to_the_server()
    assert lenas.is_equal_to_the_server()


def test_an_account_that_is_given_to_nobody_leaves(field: Field, phones: tuple[Device, Device]) -> None:
    sams, lenas = phones
    assert field.ada.patch(f"/v1/accounts/{field.ben.account_id}", {"territory_id": None}).status_code == 200
    sams.sync(), lenas.sync()
    assert (holds(sams, field), holds(lenas, field)) == ([0] * 5, [0] * 5)
    field.move(field.ben.account_id, field.east)
    lenas.sync()
    assert holds(lenas, field) == [1] * 5
    assert lenas.is_equal_to_the_server()


def test_a_granted_territory_comes_and_a_revoked_one_goes(field: Field, phones: tuple[Device, Device]) -> None:
    sams, lenas = phones
    path = f"/v1/territories/{field.west.id}/grants/{field.user_id('Lena Fischer')}"
    assert field.ada.put(path).status_code == 200
    lenas.sync()
    assert holds(lenas, field) == [1] * 5
    assert {raw["name"] for raw in lenas.rows("territories")} == {"West", "East"}
    lenas.edit("contacts", field.ben.id, name="Ben A. Okafor")
    assert field.ada.delete(path).status_code == 204
    assert [error["code"] for error in lenas.push()["errors"]] == ["sync.moved-away"]
    lenas.sync()
    assert holds(lenas, field) == [0] * 5
    assert lenas.is_equal_to_the_server()
    sams.sync()
    assert holds(sams, field) == [1] * 5


def test_more_than_fits_an_increment_is_granted_by_the_whole_set(
    field: Field, phones: tuple[Device, Device], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulling, "MOST_GRANTED", 0)
    lenas = phones[1]
    assert field.ada.put(f"/v1/territories/{field.west.id}/grants/{field.user_id('Lena Fischer')}").status_code == 200
    assert lenas.ask()["experimentalStrategy"] == "replacement"
    lenas.sync()
    assert holds(lenas, field) == [1] * 5
    assert lenas.is_equal_to_the_server()


def test_a_first_sync_after_the_grant_is_paged_as_any_other(field: Field, session: Session) -> None:
    for number in range(10):
        a_customer(session, f"Customer {number}", territory_id=field.east.id)
    session.commit()
    phone = field.phone(field.lena, limit=3)
    pages = [phone.ask()]
    phone.apply(pages[0])
    while pages[-1]["has_more"]:
        pages.append(phone.ask())
        phone.apply(pages[-1])
        assert sum(len(lists["updated"]) for lists in pages[-1]["changes"].values()) <= 3
    assert len(pages) > 5
    assert phone.is_equal_to_the_server()


def test_what_a_phone_made_before_it_ever_pulled_leaves_it_when_it_has_moved_away(field: Field) -> None:
    phone = field.phone()
    made = phone.create("accounts", name="Ada's", territory_id=field.west.id)
    phone.push()
    field.move(made["id"], field.east)
    phone.sync()
    assert phone.get("accounts", made["id"]) is None
    assert phone.is_equal_to_the_server()
