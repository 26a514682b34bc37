"""Templates: a business's own words, checked before anybody gets them, in the customer's language, on each channel."""

from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import SYSTEM, Role
from mcrm.deliveries import outbox
from mcrm.deliveries.models import Delivery
from mcrm.ids import new_id
from mcrm.orders import moving, news, phrases
from mcrm.orders.lines import Pieces
from mcrm.orders.models import Order, OrderLine, Shipment
from mcrm.settings_store import service as settings_store
from mcrm.templates import rendering
from mcrm.templates.catalogue import DELIVERED, MESSAGES, ORDER_PART_SHIPPED, ORDER_SHIPPED, OUT_FOR_DELIVERY
from mcrm.templates.models import TemplateVersion
from mcrm.templates.rendering import Unreadable
from mcrm.transaction import transaction
from tests.callers import Caller, as_staff
from tests.cast import a_customer, an_order

WORDS = {"key": "order.shipped", "channel": "sms", "locale": "en", "body": "{{ name }}, {{ number }} has left."}

ORDER: dict[str, Any] = {"number": "10042", "number_key": "10042", "status": "confirmed", "currency": "GBP", "total": 2}


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    settings_store.forget()
    yield
    settings_store.forget()


@pytest.fixture
def ada(client: FlaskClient) -> Caller:
    return as_staff(client, Role.ADMIN)


def written(ada: Caller, **changed: Any) -> Any:
    answer = ada.post("/v1/templates", WORDS | changed)
    assert answer.status_code == 201, answer.text
    return answer.json


def ship(session: Session, name: str, locale: str | None = None, **addresses: Any) -> Delivery:
    """The delivery that tells a customer of these addresses that order 10042 left."""
    customer = a_customer(session, name, **addresses)
    customer.locale = locale
    order = an_order(session, customer, number=f"10042-{name[:3]}")
    session.commit()
    with transaction() as work:
        moving.ship(work, SYSTEM, order_id=order.id, carrier="Royal Mail", expected_on=date(2026, 11, 24))
    found = session.scalars(select(Delivery).where(Delivery.contact_id == customer.id))
    return found.one()


def test_without_a_template_the_built_in_words_go_out(session: Session) -> None:
    told = ship(session, "Tom Reilly", phone="+447700900203")
    assert told.text == "Order 10042-Tom is on its way with Royal Mail, expected on 24 November."


def test_the_built_in_words_shown_as_a_template_say_what_is_sent() -> None:
    for carrier, expected_on in (("Royal Mail", date(2026, 11, 24)), ("", None)):
        day = expected_on and phrases.day(expected_on, "en-GB")
        values = {**ORDER_SHIPPED.sample, "carrier": carrier, "expected_on": day}
        facts = ("10042", carrier, expected_on, "en-GB")
        assert rendering.render(ORDER_SHIPPED.body, values) == phrases.on_its_way(*facts)
        assert rendering.render(ORDER_PART_SHIPPED.body, values) == phrases.part_on_its_way(*facts)
    for message, words in ((OUT_FOR_DELIVERY, phrases.OUT_FOR_DELIVERY), (DELIVERED, phrases.DELIVERED)):
        assert rendering.render(message.body, message.sample) == words.format(number="10042")
    for message in MESSAGES.values():
        rendering.check(message.body, message.variables)


def test_every_piece_of_news_has_words_of_its_own(session: Session, ada: Caller) -> None:
    for key in MESSAGES:
        made = written(ada, key=key, body=key + ": {{ number }} with {{ carrier }} ({{ tracking_number }})")
    tom = a_customer(session, "Tom Reilly", phone="+447700900203")
    order = Order(id=new_id(), **ORDER, account_id=tom.account_id, contact_id=tom.id, placed_at=clock.now())
    session.add(order)
    session.flush()
    line = OrderLine(order_id=order.id, line_number=1, description="Espresso", quantity=2, unit_price=1, total=2)
    session.add(line)
    session.commit()
    royal_mail: dict[str, Any] = {"order_id": order.id, "carrier": "Royal Mail", "tracking_number": "RM1"}
    with transaction() as work:
        part = moving.ship(work, SYSTEM, lines=[Pieces(line.id, 1)], **royal_mail)
        moving.ship(work, SYSTEM, **royal_mail)
        whole, parcel = work.get_one(Order, order.id), work.get_one(Shipment, part.id)
        news.out_for_delivery(work, SYSTEM, whole, parcel)
        news.delivered(work, SYSTEM, whole, parcel)
    told = session.scalars(select(Delivery.text).order_by(Delivery.id)).all()
    words = "10042 with Royal Mail (RM1)"
    assert set(told) == {f"{key}: {words}" for key in MESSAGES if key != "order.shipped"}  # it left in two parts
    preview = ada.post(f"/v1/templates/{made['id']}/preview", {"order_id": str(order.id)}).json
    assert preview["body"] == f"shipment.delivered: {words}"


def test_a_customer_reads_the_businesses_own_words_in_the_own_language(session: Session, ada: Caller) -> None:
    written(ada)
    written(ada, locale="es", body="{{ name }}: tu pedido {{ number }} va en camino.")
    spanish = ship(session, "Rosa Bianchi", "es-MX", phone="+447700900205")
    german = ship(session, "Lukas Weber", "de", phone="+447700900206")
    unknown = ship(session, "Tom Reilly", phone="+447700900203")
    assert spanish.text == "Rosa Bianchi: tu pedido 10042-Ros va en camino."
    assert german.text == "Lukas Weber, 10042-Luk has left.", "the language to fall back on"
    assert unknown.text == "Tom Reilly, 10042-Tom has left."


def test_each_channel_has_its_own_words_also_when_one_stands_in_for_another(session: Session, ada: Caller) -> None:
    written(ada)
    written(ada, channel="push", subject="{{ number }} left", body="With {{ carrier }}.")
    push = ship(session, "Mei Lin", phone="+447700900204", push="mei-token")
    assert (push.content["title"], push.text) == ("10042-Mei left", "With Royal Mail.")
    with transaction() as work:
        instead = outbox.fall_back(work, SYSTEM, work.get_one(Delivery, push.id))
        assert instead is not None
        assert (instead.channel, instead.text) == ("sms", "Mei Lin, 10042-Mei has left.")


def test_what_a_customer_is_called_is_never_a_template(session: Session, ada: Caller) -> None:
    written(ada)
    told = ship(session, "{{ 7*7 }}{% for x in y %}", phone="+447700900203")
    assert told.text.startswith("{{ 7*7 }}{% for x in y %}, ")


@pytest.mark.parametrize(
    "body",
    [
        "{{ secret }}",
        "{{ 7 * 7 }}",
        "{{ config }}",
        "{{ name.__class__ }}",
        "{{ name['x'] }}",
        "{{ name.upper() }}",
        "{{ range(100000000) }}",
        "{% for x in name %}{{ x }}{% endfor %}",
        "{% set x = name %}{{ name }}",
        "{% include 'x' %}",
        "{% macro m() %}{% endmacro %}",
        "{{ name | attr('x') }}",
        "{{ name | replace('a', 'aaaa') }}",
        "{{ name ~ name }}",
        "{{ name",
        "{% if name %}x",
        "{% if tracking_number == 'no' %}x{% endif %}",
        "{{ " + "(" * 900 + "name" + ")" * 900 + " }}",
        "{%if name%}" * 99 + "x" + "{%endif%}" * 99,
        "{{ [name] }}",
        "{{ self }}",
    ],
)
def test_a_template_that_could_do_more_than_speak_is_refused(ada: Caller, body: str) -> None:
    refused = ada.post("/v1/templates", WORDS | {"body": body})
    assert (refused.status_code, refused.json["code"]) == (422, "template.invalid")
    assert refused.json["errors"][0]["field"] == "body"


def test_an_unknown_variable_is_named_with_those_that_exist(ada: Caller) -> None:
    refused = ada.post("/v1/templates", WORDS | {"body": "{{ nmae }}"})
    assert "'nmae'" in refused.json["detail"]
    assert "carrier, expected_on, name, number, tracking_number" in refused.json["detail"]


def test_a_text_that_would_cost_too_much_is_refused_and_a_dear_alphabet_is_said(ada: Caller) -> None:
    long = "{{ number }} " + "x" * 460
    refused = ada.post("/v1/templates", WORDS | {"body": long})
    assert "4 segments" in refused.json["detail"]
    assert [one["code"] for one in written(ada, body="{{ number }} \U0001f4e6")["findings"]] == ["dear-alphabet"]
    assert written(ada, channel="telegram", body=long)["findings"] == [], "only texts are paid by length"


def test_missing_words_in_the_language_to_fall_back_on_are_said(ada: Caller) -> None:
    first = written(ada, locale="es", subject="Hola")
    assert [one["code"] for one in first["findings"]] == ["subject-not-shown", "missing-locale"]
    assert written(ada)["findings"] == []
    seen = ada.get(f"/v1/templates/{first['id']}").json
    assert [one["code"] for one in seen["findings"]] == ["subject-not-shown"]


def test_there_is_one_template_per_channel_and_language(ada: Caller) -> None:
    written(ada)
    assert ada.post("/v1/templates", WORDS).json["code"] == "template.taken"
    assert ada.post("/v1/templates", WORDS | {"key": "order.lost"}).json["code"] == "template.no-such-message"


def test_how_it_read_before_is_kept_even_after_it_is_gone(ada: Caller, session: Session) -> None:
    path = f"/v1/templates/{written(ada)['id']}"
    assert ada.patch(path, {"body": "{{ number }} left."}).json["rev"] == 2
    refused = ada.patch(path, {"body": "{{ nmae }}"})
    assert refused.status_code == 422
    assert ada.get(path).json["body"] == "{{ number }} left."
    versions = ada.get(f"{path}/versions").json["items"]
    assert [(one["number"], one["body"]) for one in versions] == [(2, "{{ number }} left."), (1, WORDS["body"])]
    assert ada.delete(path, '"2"').status_code == 204
    assert ada.get(path).status_code == 404
    assert len(session.scalars(select(TemplateVersion.id)).all()) == 2
    assert ship(session, "Tom Reilly", phone="+447700900203").text.startswith("Order 10042")


def test_a_preview_shows_real_words_and_sends_nothing(session: Session, ada: Caller) -> None:
    customer = a_customer(session, "Ben Okafor", phone="+447700900201")
    order = an_order(session, customer, number="10050")
    session.commit()
    path = f"/v1/templates/{written(ada)['id']}/preview"
    sample = ada.post(path).json
    assert (sample["body"], sample["segments"], sample["encoding"]) == ("Ben Okafor, 10042 has left.", 1, "gsm-7")
    assert ada.post(path, {"order_id": str(order.id)}).json["body"] == "Ben Okafor, 10050 has left."
    unsaved = {"order_id": str(order.id), "body": "{{ number }}{% if carrier %} with {{ carrier }}{% endif %}"}
    assert ada.post(path, unsaved).json["body"] == "10050"
    assert ada.post(path, {"body": "{{ nmae }}"}).json["code"] == "template.invalid"
    unknown = "01890000-0000-7000-8000-000000000000"
    assert ada.post(path, {"order_id": unknown}).json["code"] == "order.unknown"
    assert ada.post(path, {"contact_id": unknown}).json["code"] == "contact.unknown"
    assert session.scalars(select(Delivery.id)).all() == []


def test_news_does_not_stay_unsaid_because_a_template_broke(
    session: Session, ada: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(ada)

    def broken(*_: Any) -> str:
        raise Unreadable("no longer")

    monkeypatch.setattr(rendering, "render", broken)
    assert ship(session, "Tom Reilly", phone="+447700900203").text.startswith("Order 10042-Tom is on its way")


@pytest.mark.parametrize(
    "body",
    [
        "{% if number > 5 %}a{% endif %}b",
        "{% if number in 5 %}a{% endif %}b",
        "{{ number|trim(5) }}",
        "{{ number|upper(1) }}",
        "{{ number|default(1, 2, 3) }}",
        r"a{{ '\x00' }}",
        r"a{{ '\ud800' }}",
    ],
)
def test_words_that_cannot_be_worked_out_are_refused(ada: Caller, body: str) -> None:
    answer = ada.post("/v1/templates", WORDS | {"body": body})
    assert (answer.status_code, answer.json["code"]) == (422, "template.invalid")


@pytest.mark.parametrize("body", ["{% if tracking_number or number > 5 %}x{% endif %}", "{{ tracking_number }}"])
def test_words_that_fail_for_one_order_alone_do_not_hold_it_up(ada: Caller, session: Session, body: str) -> None:
    template = written(ada, body=body)
    told = ship(session, "Tom Reilly", phone="+447700900203")
    assert told.text.startswith("Order 10042-Tom is on its way")
    order = session.scalars(select(Order)).one()
    seen = ada.post(f"/v1/templates/{template['id']}/preview", {"order_id": str(order.id)})
    assert seen.status_code in (200, 422)
