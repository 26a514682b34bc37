"""Who is a customer is nobody's to find out, not even by how much work an answer takes."""

from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import event, func, select
from sqlalchemy.orm import Session

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
