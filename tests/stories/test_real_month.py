"""A month of past orders comes in; a customer of then gets a phone, and asks for an order by text."""

from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.access import passwords, users
from mcrm.actors import SYSTEM
from mcrm.contacts.models import Contact
from mcrm.orders.importing import import_orders
from tests.bots.conftest import Phones, Replies
from tests.doors import make_app

PHONE = "+447700900205"
MONTH = """\
InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country
536370,22728,ALARM CLOCK PINK,24,2010-12-01 08:45:00,3.75,12583.0,France
536370,22727,ALARM CLOCK RED,24,2010-12-01 08:45:00,3.75,12583.0,France
536371,22086,PAPER CHAIN KIT,80,2010-12-01 09:00:00,2.55,13748.0,United Kingdom
"""


def test_a_customer_of_the_imported_month_asks_for_an_order_by_text(session: Session, tmp_path: Path) -> None:
    (tmp_path / "month.csv").write_text(MONTH)
    import_orders(
        tmp_path / "month.csv", currency="GBP", timezone="Europe/London", report=tmp_path / "month.report.csv"
    )
    contact = session.scalars(select(Contact).where(Contact.number == "12583")).one()
    password_hash = passwords.hashed(SECRET)
    users.create(
        session, SYSTEM, email="ada@harbourandpine.example", name="Ada Marsh", role="admin", password_hash=password_hash
    )
    session.commit()
    with make_app().test_client() as client:
        give_a_phone(client, contact)
    phones, replies = Phones(), Replies(session)

    phones.text(PHONE, "where is 536370")
    (answer,) = replies.fresh(PHONE)
    assert "536370: delivered" in answer.text
    assert "24 x ALARM CLOCK PINK" in answer.text
    phones.text(PHONE, "where is 536371")
    phones.text(PHONE, "where is 999999")
    foreign, unknown = replies.fresh(PHONE)
    assert foreign.text.replace("536371", "999999") == unknown.text


SECRET = "coffee-beans-from-bristol"


def give_a_phone(client: FlaskClient, contact: Contact) -> None:
    device = {"id": "desk-1", "name": "Ada's desk", "platform": "web"}
    signing = {"email": "ada@harbourandpine.example", "password": SECRET, "device": device}
    pair = client.post("/v1/auth/login", json=signing).json
    answer = client.post(
        f"/v1/contacts/{contact.id}/contact-points",
        json={"channel": "sms", "address": PHONE},
        headers={"Authorization": f"Bearer {pair['access_token']}"},
    )
    assert answer.status_code == 201, answer.json
