"""By whichever door an account goes to another territory, what is open with it does not stay with who lost it."""

from typing import Any

import pytest

from tests.sync.conftest import Field, field
from tests.sync.device import Device

__all__ = ["field"]


def _by_a_change(field: Field, account: str) -> None:
    field.move(account, field.east)


def _by_a_move(field: Field, account: str) -> None:
    answer = field.ada.post(f"/v1/accounts/{account}/move", {"territory_id": str(field.east.id)})
    assert answer.status_code == 201


def _by_a_device(field: Field, account: str) -> None:
    both = field.user_id("Lena Fischer")
    assert field.ada.put(f"/v1/territories/{field.west.id}/grants/{both}").status_code == 200
    phone: Device = field.phone(field.lena)
    phone.sync()
    phone.edit("accounts", account, territory_id=str(field.east.id))
    phone.sync()
    assert phone.refused == set()


@pytest.mark.parametrize("moved", [_by_a_change, _by_a_move, _by_a_device])
def test_an_open_opportunity_goes_to_somebody_who_sees_its_account(field: Field, moved: Any) -> None:
    account = str(field.ben.account_id)
    made = field.sam.post("/v1/opportunities", {"name": "A grinder", "account_id": account}).json
    assert made["owner_id"] == field.user_id("Sam Doyle")
    moved(field, account)
    found = field.ada.get(f"/v1/opportunities/{made['id']}").json
    assert found["owner_id"] == field.user_id("Lena Fischer")
