"""Another phone number or mail address: both sides prove it, nobody learns whose a number is, and nobody takes over."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access.errors import TooManyTries
from mcrm.actors import SYSTEM, Actor, Channel, Role
from mcrm.cases.models import Case
from mcrm.config import Mail
from mcrm.consents import service as consents
from mcrm.consents.models import ConsentState, Purpose, SuppressionReason
from mcrm.contacts import points
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.deliveries.models import Delivery
from mcrm.interactions.models import Interaction
from mcrm.profile import renewing
from mcrm.transaction import transaction
from tests import doors
from tests.callers import Caller, as_customer, as_staff
from tests.cast import a_customer
from tests.deliveries.carriers import NOON, Carrier, a_round

OLD, NEW, HERS = "+447700900201", "+447700900299", "+447700900202"
PATH = "/v1/me/contact-changes"
MAIL = Mail("localhost", 25, is_tls=False, user=None, password=None, sender="shop@harbourandpine.example")


@pytest.fixture
def ben(session: Session) -> Contact:
    made = a_customer(session, phone=OLD, telegram=700201)
    a_customer(session, "Aisha Khan", phone=HERS)
    session.commit()
    return made


@pytest.fixture
def app(client: FlaskClient, ben: Contact) -> Caller:
    return as_customer(client, ben)


def begin(app: Caller, address: str = NEW, channel: str = "sms") -> dict[str, Any]:
    made = app.post(PATH, {"channel": channel, "address": address})
    assert made.status_code == 201, made.text
    return dict(made.json)


def code_to(session: Session, address: str) -> str:
    query = select(Delivery.text).join(ContactPoint, ContactPoint.id == Delivery.contact_point_id)
    query = query.where(ContactPoint.address == address, Delivery.kind == "code").order_by(Delivery.id.desc())
    [code] = re.findall(r"\b\d{6}\b", session.scalars(query).first() or "")
    return str(code)


def prove(app: Caller, change: dict[str, Any], of: str, code: str) -> Any:
    return app.post(f"{PATH}/{change['id']}/confirmation", {"of": of, "code": code})


def numbers(session: Session, contact: Contact) -> list[str]:
    session.expire_all()
    return [point.address for point in points.reachable(session, contact.id, "sms")]


def test_a_number_changes_once_both_codes_came_back(
    client: FlaskClient, app: Caller, session: Session, ben: Contact
) -> None:
    tablet = as_customer(client, ben, "tablet")
    change = begin(app, "07700 900299")
    assert (change["address"], change["is_old_proved"], change["is_new_proved"]) == (NEW, False, False)
    half = prove(app, change, "new", code_to(session, NEW)).json
    assert (half["is_new_proved"], half["done_at"], numbers(session, ben)) == (True, None, [OLD])

    done = prove(app, change, "old", code_to(session, OLD))

    assert (done.status_code, done.json["done_at"] is not None, numbers(session, ben)) == (201, True, [NEW])
    assert points.reachable(session, ben.id, "sms")[0].verified_at is not None
    assert (app.get("/v1/me").status_code, tablet.get("/v1/me").status_code) == (200, 401)
    assert prove(app, change, "old", "123456").json["code"] == "contact-change.unknown"
    kinds = list(session.scalars(select(Interaction.kind).where(Interaction.kind.like("contact-%"))))
    assert kinds.count("contact-point.replaced") == kinds.count("contact-point.removed") == 1


def test_the_former_number_is_told_and_is_nobodys(
    client: FlaskClient, app: Caller, session: Session, ben: Contact
) -> None:
    change = begin(app)
    for of, address in (("old", OLD), ("new", NEW)):
        prove(app, change, of, code_to(session, address))
    carrier = Carrier()
    a_round("sms", carrier)
    told = [outgoing.text for outgoing in carrier.handed if outgoing.address == OLD]
    assert told[-1].startswith("Your phone number or mail address with")
    assert NEW[-4:] not in told[-1]

    sign_in = {"phone": OLD, "code": "000000", "device": {"id": "thief"}}
    client.post("/v1/auth/otp", json={"phone": OLD})
    a_round("sms", carrier)
    assert [outgoing.text for outgoing in carrier.handed if outgoing.address == OLD] == told, "no code goes there"
    assert client.post("/v1/auth/otp/verify", json=sign_in).status_code == 401


def test_a_former_number_can_be_had_again_by_whoever_proves_it(app: Caller, session: Session, ben: Contact) -> None:
    for old, new in ((OLD, NEW), (NEW, OLD)):
        change, carrier = begin(app, new), Carrier()
        a_round("sms", carrier)
        came = {outgoing.address: re.findall(r"\b\d{6}\b", outgoing.text) for outgoing in carrier.handed}
        for of, address in (("old", old), ("new", new)):
            assert prove(app, change, of, came[address][0]).status_code == 201
    assert numbers(session, ben) == [OLD]


def test_the_last_word_goes_to_nobody_who_took_the_number_over_meanwhile(
    app: Caller, session: Session, ben: Contact
) -> None:
    change = begin(app)
    for of, address in (("old", OLD), ("new", NEW)):
        prove(app, change, of, code_to(session, address))
    tom = a_customer(session, "Tom Reilly")
    with transaction() as work:
        points.add(work, SYSTEM, contact=tom, channel="sms", address=OLD)
    carrier = Carrier()
    a_round("sms", carrier)
    assert not [outgoing for outgoing in carrier.handed if "no longer used" in outgoing.text]


def test_somebody_elses_number_gets_no_code_and_looks_like_any_other(
    app: Caller, session: Session, ben: Contact
) -> None:
    free, taken = begin(app, NEW), begin(app, HERS)
    assert {**free, "id": 0, "address": 0, "expires_at": 0} == {**taken, "id": 0, "address": 0, "expires_at": 0}
    to_her = select(Delivery).join(ContactPoint, ContactPoint.id == Delivery.contact_point_id)
    assert session.scalars(to_her.where(ContactPoint.address == HERS)).all() == []
    answers = [prove(app, taken, "new", "000000") for _ in range(7)]
    assert [answer.status_code for answer in answers] == [403] * 5 + [429] * 2
    assert {answer.json["code"] for answer in answers[:5]} == {"contact-change.code-wrong"}
    assert numbers(session, ben) == [OLD]


def test_wrong_codes_to_a_free_number_look_the_same(app: Caller, session: Session, ben: Contact) -> None:
    change = begin(app)
    right = code_to(session, NEW)
    answers = [prove(app, change, "new", "000000" if right != "000000" else "111111") for _ in range(7)]
    assert [answer.status_code for answer in answers] == [403] * 5 + [429] * 2
    assert prove(app, change, "new", right).status_code == 429


def test_asking_too_often_is_answered_alike_for_free_and_taken_numbers(app: Caller, ben: Contact) -> None:
    for address in (HERS, NEW, HERS):
        begin(app, address)
    answers = [app.post(PATH, {"channel": "sms", "address": address}) for address in (NEW, HERS)]
    assert {(answer.status_code, answer.json["code"]) for answer in answers} == {(429, "auth.too-many-tries")}


def test_a_code_counts_for_the_change_it_was_sent_for(client: FlaskClient, session: Session, ben: Contact) -> None:
    app = as_customer(client, ben)
    first = begin(app)
    code = code_to(session, NEW)
    second = begin(app)
    assert prove(app, first, "new", code).json["code"] == "contact-change.unknown", "begun anew, the former is void"
    assert prove(app, second, "new", code).json["code"] == "contact-change.code-wrong"
    assert prove(app, second, "old", code_to(session, NEW)).status_code == 403, "nor does one for the other side"


def test_changes_of_others_are_no_changes(client: FlaskClient, app: Caller, session: Session, ben: Contact) -> None:
    change = begin(app)
    other = as_customer(client, session.scalars(select(Contact).where(Contact.name == "Aisha Khan")).one())
    path = f"{PATH}/{change['id']}"
    answers = [prove(other, change, "new", code_to(session, NEW)), other.post(f"{path}/case")]
    assert {(answer.status_code, answer.json["code"]) for answer in answers} == {(404, "contact-change.unknown")}
    assert other.post(f"/v1/contact-changes/{change['id']}/approval").status_code == 403


def test_a_change_that_is_not_proved_in_time_is_over(session: Session, ben: Contact) -> None:
    with clock.stopped(NOON):
        with transaction() as work:
            change = renewing.start(
                work, SYSTEM, contact=work.get_one(Contact, ben.id), channel="sms", address=NEW, **asked()
            )
        clock.advance(timedelta(minutes=15))
        with pytest.raises(renewing.ContactChangeUnknown), transaction() as work:
            renewing.under_way(work, work.get_one(Contact, ben.id))
    assert change.done_at is None


def asked() -> dict[str, Any]:
    return {"text": "{code}", "limits": doors.settings().limits}


def test_the_own_number_is_not_a_new_one(app: Caller) -> None:
    answer = app.post(PATH, {"channel": "sms", "address": OLD})
    assert (answer.status_code, answer.json["code"]) == (409, "contact-change.already-yours")
    assert app.post(PATH, {"channel": "sms", "address": "not a number"}).status_code == 422
    assert app.post(PATH, {"channel": "telegram", "address": "700299"}).status_code == 422


def test_a_stop_and_a_no_follow_the_person_to_the_new_number(app: Caller, session: Session, ben: Contact) -> None:
    change = begin(app)
    codes = {address: code_to(session, address) for address in (OLD, NEW)}
    with transaction() as work:
        [old] = points.reachable(work, ben.id, "sms")
        consents.suppress(work, SYSTEM, point=old, reason=SuppressionReason.STOP_WORD)
        facts: dict[str, Any] = {"channel": "sms", "purpose": Purpose.MARKETING, "state": ConsentState.WITHDRAWN}
        consents.decide(work, SYSTEM, contact_id=ben.id, **facts)
    prove(app, change, "old", codes[OLD])
    prove(app, change, "new", codes[NEW])
    assert numbers(session, ben) == [NEW]
    assert [stop.reason for stop in consents.suppressions_of(session, "sms", NEW)] == ["stop-word"]


def test_where_the_number_is_lost_a_person_decides(
    client: FlaskClient, app: Caller, session: Session, ben: Contact
) -> None:
    change, noor = begin(app), as_staff(client, Role.MANAGER, name="Noor Haddad")
    approval = f"/v1/contact-changes/{change['id']}/approval"
    early = app.post(f"{PATH}/{change['id']}/case")
    assert (early.status_code, early.json["code"]) == (409, "contact-change.not-proved")
    prove(app, change, "new", code_to(session, NEW))
    assert noor.post(approval).json["code"] == "contact-change.not-proved", "nobody asked for a person"

    opened = app.post(f"{PATH}/{change['id']}/case")

    case = session.scalars(select(Case).where(Case.kind == "contact-change")).one()
    assert (opened.status_code, opened.json["number"], case.contact_id) == (201, case.number, ben.id)
    assert NEW in case.summary
    assert numbers(session, ben) == [OLD]
    granted = noor.post(approval)
    assert (granted.status_code, numbers(session, ben)) == (201, [NEW])
    assert app.get("/v1/me").status_code == 401, "whoever was signed in proves the new number first"
    assert noor.post(approval).status_code == 404


def test_mail_changes_where_mail_can_leave(
    client: FlaskClient, session: Session, ben: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = as_customer(client, ben)
    off = app.post(PATH, {"channel": "email", "address": "ben@okafor.example"})
    assert (off.status_code, off.json["code"]) == (409, "contact-change.channel-off")
    config = client.application.config
    monkeypatch.setitem(config, "SETTINGS", replace(config["SETTINGS"], mail=MAIL))

    first = begin(app, "Ben@Okafor.example", "email")
    prove(app, first, "old", code_to(session, OLD))  # no mail on file yet: the number speaks for it
    prove(app, first, "new", code_to(session, "ben@okafor.example"))
    second = begin(app, "ben@harbour.example", "email")
    for of, address in (("old", "ben@okafor.example"), ("new", "ben@harbour.example")):
        prove(app, second, of, code_to(session, address))

    session.expire_all()
    assert [point.address for point in points.reachable(session, ben.id, "email")] == ["ben@harbour.example"]
    assert numbers(session, ben) == [OLD]
    assert app.get("/v1/me").status_code == 200, "nobody signs in by mail"
    carrier = Carrier()
    a_round("email", carrier)
    assert [one.address for one in carrier.handed if "no longer used" in one.text] == ["ben@okafor.example"]


def test_one_person_does_not_have_codes_sent_to_number_after_number(session: Session, ben: Contact) -> None:
    """In the chats the number on file is asked once for a while, so that its own limit does not hold this."""
    made = doors.settings()
    actor = Actor(role=Role.CUSTOMER, channel=Channel.TELEGRAM, id=ben.id, contact_id=ben.id, level=3)
    asked = {"contact": ben, "channel": "sms", "text": "{code}", "limits": made.limits, "is_proved": True}
    for last in range(made.limits.otp_per_hour):
        renewing.start(session, actor, address=f"+44770090050{last}", **asked)
    with pytest.raises(TooManyTries):
        renewing.start(session, actor, address="+447700900509", **asked)
