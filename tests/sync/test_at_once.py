"""The same push delivered twice at the same moment is taken once, with real commits."""

import threading
from typing import Any

from sqlalchemy import func, select

from mcrm.accounts.models import Account
from mcrm.actors import Role
from mcrm.db import Database, reading
from mcrm.ids import new_id
from mcrm.interactions.models import Interaction
from mcrm.transaction import transaction
from tests import doors
from tests.callers import Caller, as_staff
from tests.cast import a_territory


def test_a_push_that_comes_twice_at_once_is_taken_once(committed: Database) -> None:
    app = doors.make_app()
    with transaction() as session:
        west = a_territory(session)
    sam = as_staff(app.test_client(), Role.REP, [west])
    account = {"id": str(new_id()), "name": "Rosa's Bakery"}
    notes = [
        {"id": str(new_id()), "kind": "note.added", "account_id": account["id"], "text": f"Note {n}."} for n in range(5)
    ]
    changes = {"accounts": {"created": [account]}, "interactions": {"created": notes}}
    together, answers = threading.Barrier(4), list[Any]()

    def push() -> None:
        phone = Caller(app.test_client(), sam.headers["Authorization"].removeprefix("Bearer "))
        together.wait()
        answers.append(phone.post("/v1/sync", {"changes": changes}))

    threads = [threading.Thread(target=push) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [answer.status_code for answer in answers] == [200] * 4
    assert [answer.json["errors"] for answer in answers] == [[]] * 4
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Account)) == 1
        assert session.scalar(select(func.count()).where(Interaction.kind == "note.added")) == 5
