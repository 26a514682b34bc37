"""Run-time settings: a list written out, values that make sense, and every process hears of a change in seconds."""

from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.actors import SYSTEM, Role
from mcrm.deliveries.models import Delivery
from mcrm.interactions.models import Interaction
from mcrm.settings_store import service
from mcrm.settings_store.catalogue import OPTIONS, ORDER_HOLD_HOURS
from mcrm.transaction import transaction
from tests.callers import Caller, as_staff
from tests.cast import a_customer


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    service.forget()
    yield
    service.forget()


@pytest.fixture
def ada(client: FlaskClient) -> Caller:
    return as_staff(client, Role.ADMIN)


def put(ada: Caller, name: str, value: Any) -> Any:
    path = f"/v1/settings/{name}"
    return ada.put(path, {"value": value}, ada.get(path).headers["ETag"])


def test_every_setting_says_what_it_means_and_what_holds(ada: Caller) -> None:
    items = {item["name"]: item for item in ada.get("/v1/settings").json["items"]}
    assert items.keys() == OPTIONS.keys()
    assert all(item["value"] == item["default"] and item["rev"] == 0 for item in items.values())
    assert put(ada, "order-hold-hours", 60).json["value"] == 60
    seen = ada.get("/v1/settings/order-hold-hours").json
    assert (seen["value"], seen["default"], seen["rev"]) == (60, None, 1)
    assert seen["changed_by"].startswith("user:")


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        ("order-hold-hours", -1),
        ("order-hold-hours", True),
        ("order-hold-hours", "60"),
        ("reorder-enabled", 1),
        ("sender-name", "  "),
        ("sender-name", "x" * 41),
        ("fallback-locale", "english"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(ada: Caller, name: str, odd: Any) -> None:
    refused = put(ada, name, odd)
    assert (refused.status_code, refused.json["code"]) == (422, "setting.invalid")
    assert ada.get(f"/v1/settings/{name}").json["rev"] == 0


def test_a_stale_editor_is_told_and_an_unknown_name_is_not_found(ada: Caller) -> None:
    assert put(ada, "reorder-enabled", False).status_code == 200
    assert ada.put("/v1/settings/reorder-enabled", {"value": True}, '"0"').status_code == 412
    assert ada.put("/v1/settings/reorder-enabled", {"value": True}).status_code == 428
    assert ada.put("/v1/settings/secret-key", {"value": "x"}, '"0"').status_code == 404


def test_a_setting_goes_back_to_its_default(ada: Caller, session: Session) -> None:
    put(ada, "sender-name", "Harbour")
    path = "/v1/settings/sender-name"
    assert ada.delete(path, ada.get(path).headers["ETag"]).status_code == 204
    assert ada.get(path).json["value"] is None
    facts = session.execute(
        select(Interaction.kind, Interaction.payload).where(Interaction.kind.startswith("setting."))
    ).all()
    assert [kind for kind, _ in facts] == ["setting.changed", "setting.reset"]
    assert '"value":"Harbour"' in facts[0][1]


def test_another_process_notices_within_seconds(ada: Caller, session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 1000.0
    monkeypatch.setattr(service.time, "monotonic", lambda: now_s)
    assert service.value(session, ORDER_HOLD_HOURS) is None
    remembered = service._memory
    put(ada, "order-hold-hours", 60)
    monkeypatch.setattr(service, "_memory", remembered)  # as the other process still has it
    assert service.value(session, ORDER_HOLD_HOURS) is None
    now_s += service.REMEMBERED_S
    assert service.value(session, ORDER_HOLD_HOURS) == 60


def test_a_hot_path_asks_the_database_once_in_a_while(session: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction() as work:
        service.put(work, SYSTEM, "order-hold-hours", 60)
    asked: list[Any] = []
    execute = session.execute
    monkeypatch.setattr(session, "execute", lambda *args, **options: asked.append(args) or execute(*args, **options))
    assert [service.value(session, ORDER_HOLD_HOURS) for _ in range(50)] == [60] * 50
    assert len(asked) == 1


def test_the_codes_that_customers_get_are_signed_with_the_name_that_was_set(
    client: FlaskClient, session: Session, ada: Caller
) -> None:
    a_customer(session, phone="+447700900201")
    session.commit()
    put(ada, "sender-name", "Pine & Harbour")
    client.post("/v1/auth/otp", json={"phone": "+447700900201"})
    [text] = session.scalars(select(Delivery.text))
    assert "is your Pine & Harbour code" in text
