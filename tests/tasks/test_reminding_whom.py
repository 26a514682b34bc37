"""Reminders go to people who may still know: not to who left, lost the territory, or whose phone was signed out."""

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access.models import User
from mcrm.actors import Role
from tests.callers import Caller, as_staff
from tests.tasks.test_reminding import pushed, with_a_phone
from tests.tasks.test_tasks import a_task, ben, hours, sam

__all__ = ["ben", "sam"]


def _shut_out(ada: Caller, sam_id: str, west: str) -> None:
    assert ada.patch(f"/v1/users/{sam_id}", {"is_active": False}).status_code == 200


def _lost_the_territory(ada: Caller, sam_id: str, west: str) -> None:
    assert ada.delete(f"/v1/territories/{west}/grants/{sam_id}").status_code == 204


def _lost_the_phone(ada: Caller, sam_id: str, west: str) -> None:
    assert ada.delete(f"/v1/users/{sam_id}/sessions").status_code in {200, 204}


@pytest.mark.parametrize("happens", [_shut_out, _lost_the_territory, _lost_the_phone])
def test_nobody_is_reminded_who_may_not_know_any_more(
    client: FlaskClient, session: Session, sam: Caller, ben: Any, happens: Any
) -> None:
    with_a_phone(sam)
    a_task(sam, ben, due_at=hours(1))
    sam_id = str(session.scalars(select(User.id).where(User.name == "Sam Doyle")).one())
    happens(as_staff(client, Role.ADMIN), sam_id, str(ben.west.id))
    clock.advance(timedelta(minutes=30))
    assert pushed(session) == []


def test_who_answers_for_the_territory_is_told_of_what_its_owner_lost(
    client: FlaskClient, session: Session, sam: Caller, ben: Any
) -> None:
    with_a_phone(sam)
    noor = as_staff(client, Role.MANAGER, name="Noor Haddad")
    facts = {"kind": "token", "value": "noors-phone-token-0001", "platform": "ios", "locale": "en-GB"}
    assert noor.put("/v1/me/push-registrations/till", facts).status_code == 200
    a_task(sam, ben, due_at=hours(1))
    sam_id = str(session.scalars(select(User.id).where(User.name == "Sam Doyle")).one())
    _lost_the_territory(as_staff(client, Role.ADMIN), sam_id, str(ben.west.id))
    clock.advance(timedelta(minutes=30))
    assert pushed(session) == [("A task is due at 13:00", "Its owner does not see the account any more.")]
    assert len(pushed(session)) == 1
