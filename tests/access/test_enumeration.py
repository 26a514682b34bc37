"""What strangers can do with a number alone: not find out whether it is a customer's, and not lock its owner out."""

import re
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access.models import OtpChallenge
from mcrm.contacts.models import ContactPoint
from mcrm.db import Database
from mcrm.deliveries.models import Delivery
from tests.cast import a_customer

BEN, STRANGER = "+447700900201", "+447700900999"


def test_a_code_for_a_stranger_takes_as_much_work_as_one_for_a_customer_and_leaves_nothing(
    client: FlaskClient, session: Session, database: Database
) -> None:
    a_customer(session, phone=BEN)
    session.commit()
    ran: list[str] = []

    @event.listens_for(database.bind, "before_cursor_execute")
    def count(connection: Any, cursor: Any, statement: str, *unused: Any) -> None:
        ran.append(statement.split()[0])

    def written(phone: str) -> int:
        ran.clear()
        assert client.post("/v1/auth/otp", json={"phone": phone}).status_code == 202
        return sum(verb in {"INSERT", "UPDATE"} for verb in ran)

    try:
        rounds = [(written(BEN), written(STRANGER)) for _ in range(5)]
    finally:
        event.remove(database.bind, "before_cursor_execute", count)
    assert all(abs(known - unknown) <= 3 for known, unknown in rounds), rounds
    assert min(rounds[0]) > max(rounds[4]), "beyond the limit both are answered sooner"
    session.expire_all()
    assert session.scalar(select(func.count()).select_from(OtpChallenge)) == 3
    assert session.scalars(select(ContactPoint.address)).all() == [BEN]
    assert len(session.scalars(select(Delivery)).all()) == 3


def test_strangers_who_guess_while_no_code_is_out_lock_nobody_out(client: FlaskClient, session: Session) -> None:
    a_customer(session, phone=BEN)
    session.commit()

    def verify(code: str, address: str) -> int:
        facts = {"phone": BEN, "code": code, "device": {"id": "pixel-1", "name": "Pixel", "platform": "android"}}
        answer = client.post("/v1/auth/otp/verify", json=facts, environ_base={"REMOTE_ADDR": address})
        return answer.status_code

    with clock.stopped(clock.now()):
        assert {verify(f"{number:06d}", "203.0.113.9") for number in range(10)} == {401}
        client.post("/v1/auth/otp", json={"phone": BEN})
        code = re.search(r"\d{6}", session.scalars(select(Delivery.text)).one())
        assert code is not None
        assert verify(code[0], "203.0.113.10") == 200
