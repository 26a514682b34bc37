"""Old changes go: a first sync still finds every row, and a device that was away for too long starts afresh."""

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from mcrm.accounts.models import Account
from mcrm.interactions.models import Change
from mcrm.sync import forgetting
from mcrm.transaction import perform
from tests.sync.conftest import Field


def forget(monkeypatch: pytest.MonkeyPatch, kept: int) -> None:
    monkeypatch.setattr(forgetting, "POSITIONS_KEPT", kept)
    monkeypatch.setattr(forgetting, "WINDOW", 3)
    while perform(forgetting.step):
        pass


def test_superseded_changes_and_old_tombstones_go_and_every_row_is_still_found(
    field: Field, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = field.phone()
    away.sync()
    account = session.get_one(Account, field.ben.account_id)
    for name in ("Ben O.", "Ben Oka.", "Ben Okafor-Lin"):
        account.name = name
        session.commit()
    field.move(field.aisha.account_id, field.west)
    field.move(field.aisha.account_id, field.east)
    forget(monkeypatch, kept=0)
    assert session.scalar(select(func.count()).where(Change.op == "delete")) == 0
    counts = session.execute(select(func.count()).select_from(Change).group_by(Change.table_name, Change.row_id))
    assert set(counts.scalars()) == {1}
    fresh = field.phone()
    fresh.sync()
    assert fresh.is_equal_to_the_server()
    assert away.ask()["experimentalStrategy"] == "replacement"
    away.sync()
    assert away.is_equal_to_the_server()


def test_a_device_within_what_is_kept_goes_on_as_before(
    field: Field, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    phone = field.phone()
    phone.sync()
    session.get_one(Account, field.ben.account_id).name = "Ben Okafor-Lin"
    session.commit()
    forget(monkeypatch, kept=5)
    answer = phone.ask()
    assert "experimentalStrategy" not in answer
    assert [raw["name"] for raw in answer["changes"]["accounts"]["updated"]] == ["Ben Okafor-Lin"]
