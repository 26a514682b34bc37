"""A task's owner is reminded once, on every device, and not of what is done."""

from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.deliveries.models import Delivery
from mcrm.tasks import reminding
from mcrm.transaction import perform
from tests.callers import Caller
from tests.tasks.test_tasks import a_task, ben, hours, sam

__all__ = ["ben", "sam"]


def with_a_phone(caller: Caller) -> None:
    facts = {"kind": "token", "value": "sam-pixel-token-0001", "platform": "android", "locale": "en-GB"}
    assert caller.put("/v1/me/push-registrations/till", facts).status_code == 200


def pushed(session: Session) -> list[tuple[Any, str]]:
    while perform(reminding.step):
        pass
    session.expire_all()
    query = select(Delivery).where(Delivery.kind == "task-reminder").order_by(Delivery.id)
    return [(one.content["title"], one.text) for one in session.scalars(query)]


def test_the_owner_is_reminded_once_and_again_after_a_snooze(session: Session, sam: Caller, ben: Any) -> None:
    with_a_phone(sam)
    task = a_task(sam, ben, due_at=hours(1)).json["id"]
    assert pushed(session) == []
    sam.post(f"/v1/tasks/{task}/snooze", {"until": hours(24)})
    clock.advance(timedelta(hours=1))
    assert pushed(session) == []
    clock.advance(timedelta(hours=23))
    assert pushed(session) == [("Due at 13:00 on 26 November", "Call about the grinder")]
    assert len(pushed(session)) == 1


def test_half_an_hour_ahead_unless_it_is_done(session: Session, sam: Caller, ben: Any) -> None:
    with_a_phone(sam)
    done = a_task(sam, ben, title="Done already", due_at=hours(1)).json["id"]
    a_task(sam, ben, due_at=hours(1))
    sam.post(f"/v1/tasks/{done}/completion")
    clock.advance(timedelta(minutes=29))
    assert pushed(session) == []
    clock.advance(timedelta(minutes=1))
    assert pushed(session) == [("Due at 13:00", "Call about the grinder")]


def test_without_a_device_nobody_is_told_and_nothing_breaks(session: Session, sam: Caller, ben: Any) -> None:
    a_task(sam, ben, due_at=hours(-1))
    assert pushed(session) == []
