"""May this go out now? Every no has its reason, and the reasons have an order."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from mcrm.actors import SYSTEM
from mcrm.consents import service as consents
from mcrm.consents.models import ConsentState, SuppressionReason
from mcrm.contacts import points
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.ids import new_id
from mcrm.policy import countries, gate
from mcrm.policy.gate import Answer, Request, Verdict
from tests.cast import a_customer
from tests.deliveries.carriers import NOON


@pytest.fixture
def ben(session: Session) -> Contact:
    contact = a_customer(session, "Ben Okafor", phone="+447700900201", telegram=700201)
    session.commit()
    return contact


def sms_of(session: Session, contact: Contact) -> ContactPoint:
    return points.reachable(session, contact.id, "sms")[0]


def asked(contact_id: UUID | None, point: ContactPoint | None, **changed: Any) -> Request:
    facts: dict[str, Any] = {
        "id": new_id(),
        "channel": "sms",
        "purpose": "service",
        "kind": "order.shipped",
        "contact_id": contact_id,
        "owner_id": point.contact_id if point else None,
        "address": point.address if point else None,
        "point_state": point.state if point else None,
        "expires_at": NOON + timedelta(hours=1),
    }
    return Request(**(facts | changed))


def verdict(session: Session, request: Request) -> Verdict:
    return gate.may_send(session, [request], NOON)[request.id]


def decide(session: Session, contact: Contact, purpose: str, state: ConsentState, channel: str = "sms") -> None:
    consents.decide(session, SYSTEM, contact_id=contact.id, channel=channel, purpose=purpose, state=state)
    session.commit()


def test_order_news_goes_out_until_the_customer_withdraws(session: Session, ben: Contact) -> None:
    request = asked(ben.id, sms_of(session, ben))
    assert verdict(session, request) == gate.ALLOWED
    decide(session, ben, "service", ConsentState.WITHDRAWN)
    assert verdict(session, request).reason == "consent-withdrawn"
    decide(session, ben, "service", ConsentState.GRANTED)
    assert verdict(session, request) == gate.ALLOWED


def test_offers_go_out_only_when_granted_on_that_very_channel(session: Session, ben: Contact) -> None:
    request = asked(ben.id, sms_of(session, ben), purpose="marketing")
    assert verdict(session, request).reason == "no-consent"
    decide(session, ben, "marketing", ConsentState.GRANTED, channel="telegram")
    assert verdict(session, request).reason == "no-consent"
    decide(session, ben, "marketing", ConsentState.GRANTED)
    assert verdict(session, request) == gate.ALLOWED
    decide(session, ben, "marketing", ConsentState.WITHDRAWN)
    assert verdict(session, request).reason == "consent-withdrawn"


def test_an_unknown_number_gets_answers_but_no_offers(session: Session) -> None:
    point = points.recognise(session, SYSTEM, "sms", "+447700900299")
    assert verdict(session, asked(None, point, kind="reply")) == gate.ALLOWED
    assert verdict(session, asked(None, point, purpose="marketing")).reason == "no-consent"


@pytest.mark.parametrize("kind", ["reply", "reply-answer", "reply-edit", "code"])
def test_who_asks_gets_an_answer_although_news_were_withdrawn(session: Session, ben: Contact, kind: str) -> None:
    decide(session, ben, "service", ConsentState.WITHDRAWN)
    assert verdict(session, asked(ben.id, sms_of(session, ben), kind=kind)) == gate.ALLOWED


def test_a_stop_is_stronger_than_any_consent(session: Session, ben: Contact) -> None:
    decide(session, ben, "marketing", ConsentState.GRANTED)
    point = sms_of(session, ben)
    consents.suppress(session, SYSTEM, point=point, reason=SuppressionReason.STOP_WORD)
    for kind, purpose in (("reply", "service"), ("order.shipped", "service"), ("offer", "marketing")):
        said = verdict(session, asked(ben.id, point, kind=kind, purpose=purpose))
        assert said == Verdict(Answer.SUPPRESSED, "suppressed:stop-word")
    telegram = points.reachable(session, ben.id, "telegram")[0]
    assert verdict(session, asked(ben.id, telegram, channel="telegram")) == gate.ALLOWED
    consents.lift(session, SYSTEM, point=point, reasons=[SuppressionReason.STOP_WORD])
    assert verdict(session, asked(ben.id, point)) == gate.ALLOWED


def test_the_customers_own_stop_may_be_confirmed_but_no_other(session: Session, ben: Contact) -> None:
    point = sms_of(session, ben)
    consents.suppress(session, SYSTEM, point=point, reason=SuppressionReason.STOP_WORD)
    assert verdict(session, asked(ben.id, point, kind="stop-confirmation")) == gate.ALLOWED
    consents.suppress(session, SYSTEM, point=point, reason=SuppressionReason.STAFF)
    assert verdict(session, asked(ben.id, point, kind="stop-confirmation")).reason == "suppressed:staff"


def test_a_number_that_changed_hands_gets_nothing_that_was_meant_for_another(session: Session, ben: Contact) -> None:
    tom = a_customer(session, "Tom Reilly", phone="+447700900203")
    assert verdict(session, asked(ben.id, sms_of(session, tom))).reason == "address-changed-hands"


@pytest.mark.parametrize(
    ("changed", "answer", "reason"),
    [
        ({"expires_at": NOON}, Answer.EXPIRED, "expired"),
        ({"expires_at": NOON, "address": None}, Answer.EXPIRED, "expired"),
        ({"address": None}, Answer.SUPPRESSED, "no-address"),
        ({"point_state": "invalid"}, Answer.SUPPRESSED, "address-invalid"),
        ({"point_state": "removed", "purpose": "marketing"}, Answer.SUPPRESSED, "address-removed"),
    ],
)
def test_the_first_reason_in_order_is_the_one_that_is_kept(
    session: Session, ben: Contact, changed: dict[str, Any], answer: Answer, reason: str
) -> None:
    assert verdict(session, asked(ben.id, sms_of(session, ben), **changed)) == Verdict(answer, reason)


@pytest.fixture
def britain_alone() -> Iterator[None]:
    countries.use(frozenset({"GB"}))
    yield
    countries.use(frozenset())


@pytest.mark.usefixtures("britain_alone")
def test_no_text_goes_to_a_country_that_is_not_on_the_list_not_even_a_code(session: Session) -> None:
    for number, reason in (
        ("+447700900209", None),
        ("+12025550100", "country-not-allowed"),
        ("+12684601234", "country-not-allowed"),
        ("+441481960194", "country-not-allowed"),  # Guernsey has Britain's code, and its own prices
    ):
        point = points.recognise(session, SYSTEM, "sms", number)
        assert verdict(session, asked(None, point, kind="code")).reason == reason, number


@pytest.mark.usefixtures("britain_alone")
def test_the_list_of_countries_is_for_texts_alone(session: Session, ben: Contact) -> None:
    chat = points.reachable(session, ben.id, "telegram")[0]
    assert verdict(session, asked(ben.id, chat, channel="telegram")) == gate.ALLOWED


def test_countries_that_share_a_code_are_told_apart() -> None:
    assert [countries.country_of(n) for n in ("+14165550100", "+12025550100", "+77012345678", "+79161234567")] == [
        "CA",
        "US",
        "KZ",
        "RU",
    ]
