"""Mail from end to end: what the product says goes through the real sender to a mail server, and is read there."""

import re
from collections.abc import Callable
from dataclasses import replace

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mcrm import keys
from mcrm.actors import SYSTEM
from mcrm.config import Mail
from mcrm.consents import service as consents
from mcrm.consents.models import ConsentState, Purpose
from mcrm.contacts import points
from mcrm.contacts.models import Contact
from mcrm.db import Database
from mcrm.privacy import copying
from mcrm.transaction import transaction
from notifications.mail import MailSender
from tests.bots.conftest import SETTINGS, Phones
from tests.callers import Caller, as_customer
from tests.cast import a_customer
from tests.deliveries.carriers import Carrier as Texts
from tests.deliveries.carriers import a_round
from tests.sandbox_fixture import SMTP_FROM, SMTP_PASSWORD, SMTP_USER, Carrier, carrier, carrier_of_the_run

__all__ = ["carrier", "carrier_of_the_run"]

PHONE, OLD, NEW = "+447700900202", "aisha@example.com", "aisha+new@example.com"
PATH = "/v1/me/contact-changes"
Postman = Callable[[], None]


@pytest.fixture
def post(carrier: Carrier, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> Postman:
    """Mail is on, and leaves whenever a test says so."""
    mail = Mail("127.0.0.1", carrier.smtp_port, is_tls=False, user=SMTP_USER, password=SMTP_PASSWORD, sender=SMTP_FROM)
    config = client.application.config
    monkeypatch.setitem(config, "SETTINGS", replace(config["SETTINGS"], mail=mail))
    return lambda: assert_all_left(MailSender(mail))


def assert_all_left(sender: MailSender) -> None:
    assert a_round("email", sender).handled > 0  # type: ignore[arg-type]


@pytest.fixture
def aisha(session: Session) -> Contact:
    made = a_customer(session, "Aisha Khan", phone=PHONE)
    points.add(session, SYSTEM, contact=made, channel="email", address=OLD)
    session.commit()
    return made


def code_in(carrier: Carrier, address: str) -> str:
    [code] = re.findall(r"\b\d{6}\b", carrier.messages("email", to=address)[-1]["body"])
    return str(code)


def prove(app: Caller, change: str, of: str, code: str) -> dict[str, object]:
    return dict(app.post(f"{PATH}/{change}/confirmation", {"of": of, "code": code}).json)


def test_a_customer_changes_the_mail_address_with_the_codes_that_came_by_mail(
    client: FlaskClient, session: Session, aisha: Contact, carrier: Carrier, post: Postman
) -> None:
    app = as_customer(client, aisha)
    change = app.post(PATH, {"channel": "email", "address": NEW}).json["id"]
    post()
    wrong = prove(app, change, "new", code_in(carrier, OLD))
    assert wrong["code"] == "contact-change.code-wrong", "the code in the old mailbox proves nothing of the new one"
    assert prove(app, change, "new", code_in(carrier, NEW))["done_at"] is None
    assert prove(app, change, "old", code_in(carrier, OLD))["done_at"] is not None
    post()

    session.expire_all()
    [now] = points.reachable(session, aisha.id, "email")
    assert (now.address, now.verified_at is not None) == (NEW, True)
    last = carrier.messages("email")[-1]
    assert (last["to"], NEW in last["body"]) == (OLD, False)
    assert "no longer used" in last["body"]


def test_a_mailbox_that_does_not_exist_proves_nothing_and_is_known_to_be_dead(
    client: FlaskClient, session: Session, aisha: Contact, carrier: Carrier, post: Postman
) -> None:
    app = as_customer(client, aisha)
    app.post(PATH, {"channel": "email", "address": "nobody@example.com"})
    post()
    found = points.find(session, "email", "nobody@example.com")
    assert found is not None
    session.refresh(found)
    assert (found.state, [item["to"] for item in carrier.messages("email")]) == ("invalid", [OLD])


def test_who_wants_no_texts_hears_by_mail_that_the_own_data_is_ready(
    client: FlaskClient, session: Session, aisha: Contact, carrier: Carrier, post: Postman
) -> None:
    no = {"channel": "sms", "purpose": Purpose.SERVICE, "state": ConsentState.WITHDRAWN, "proof": {}}
    with transaction() as work:
        consents.decide(work, SYSTEM, contact_id=aisha.id, **no)
    assert as_customer(client, aisha).post("/v1/me/export").status_code == 202
    while copying.turn(public_url="http://localhost", business="Harbour & Pine"):
        pass
    texts = Texts()
    a_round("sms", texts)
    post()

    assert texts.handed == []
    [item] = carrier.messages("email", to=OLD)
    assert "/c/" not in item["body"], "the link is for the app alone"


def test_in_the_chat_too_the_code_that_came_by_mail_proves_the_new_address(
    database: Database, session: Session, aisha: Contact, carrier: Carrier
) -> None:
    mail = Mail("127.0.0.1", carrier.smtp_port, is_tls=False, user=SMTP_USER, password=SMTP_PASSWORD, sender=SMTP_FROM)
    made = replace(SETTINGS, mail=mail)
    keys.use(made.secret_key)
    phones, texts = Phones(made), Texts()

    def says(words: str) -> str:
        assert phones.text(PHONE, words) == 200
        a_round("sms", texts)
        return texts.texts[-1]

    says("profile")
    says("3")
    says(NEW)
    [by_text] = [found for text in texts.texts for found in re.findall(r"\b\d{6}\b", text)]
    assert NEW in says(by_text)
    says("1")
    assert_all_left(MailSender(mail))
    assert "not right" in says(by_text), "the code that came to the phone proves nothing of the mailbox"
    assert [point.address for point in points.reachable(session, aisha.id, "email")] == [OLD]

    assert says(code_in(carrier, NEW)) == f"{NEW} is your mail address with us now."
    session.expire_all()
    assert [point.address for point in points.reachable(session, aisha.id, "email")] == [NEW]
