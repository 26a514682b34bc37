"""Texts through Twilio's real client: what it takes, what it refuses, what it reports."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests
from twilio.base.exceptions import TwilioRestException
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from tests.sandbox.conftest import Product, Redirect
from tests.sandbox_fixture import ACCOUNT_SID, AUTH_TOKEN, OUR_NUMBER, Carrier

TOM = "+447700900203"


def text_tom(twilio: Client, **changed: Any) -> Any:
    return twilio.messages.create(**({"to": TOM, "from_": OUR_NUMBER, "body": "Order 1042 is on its way."} | changed))


def refusal(twilio: Client, **changed: Any) -> TwilioRestException:
    with pytest.raises(TwilioRestException) as caught:
        text_tom(twilio, **changed)
    return caught.value


def test_an_accepted_text_stands_in_the_messages_and_in_the_file(twilio: Client, carrier: Carrier) -> None:
    message = text_tom(twilio)
    [item] = carrier.messages("sms", to=TOM)

    assert (message.status, message.num_segments, message.to) == ("queued", "1", TOM)
    assert (item["body"], item["provider_id"], item["channel"]) == ("Order 1042 is on its way.", message.sid, "sms")
    assert message.sid in carrier.log.read_text().splitlines()[-1]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"to": "07700900203"}, 21211),
        ({"to": "+15005550001"}, 21211),
        ({"to": "+15005550002"}, 21612),
        ({"to": "+15005550003"}, 21408),
        ({"to": "+15005550004"}, 21610),
        ({"to": "+15005550009"}, 21614),
        ({"to": OUR_NUMBER}, 21266),
        ({"from_": "+447700900999"}, 21606),
        ({"from_": "not a number, too long"}, 21212),
        ({"from_": "+15005550008"}, 21611),
        ({"body": "x" * 1601}, 21617),
        ({"body": ""}, 21602),
        ({"validity_period": 0}, 21624),
        ({"validity_period": 36_001}, 21624),
        ({"status_callback": "not a url"}, 21609),
        ({"messaging_service_sid": "MG" + "0" * 32}, 21701),
    ],
)
def test_twilio_refuses_with_its_own_code(twilio: Client, carrier: Carrier, changed: dict[str, Any], code: int) -> None:
    error = refusal(twilio, **changed)

    assert (error.status, error.code) == (400, code)
    assert carrier.messages() == []


def test_a_wrong_password_is_20003(carrier: Carrier) -> None:
    stranger = Client(ACCOUNT_SID, "wrong", http_client=Redirect(carrier.url))
    error = refusal(stranger)
    stranger.http_client.session.close()

    assert (error.status, error.code) == (401, 20003)


def test_callbacks_come_signed_and_in_order_at_the_url_that_was_given(twilio: Client, product: Product) -> None:
    url = f"{product.url}/webhooks/twilio/status?d=0190%2Fa%20b"
    message = text_tom(twilio, status_callback=url + "#rc=3&rp=all")
    calls = [product.next() for _ in range(3)]

    assert [call.form["MessageStatus"] for call in calls] == ["queued", "sent", "delivered"]
    for call in calls:
        assert product.url + call.path == url
        assert (call.form["SmsStatus"], call.form["MessageSid"]) == (call.form["MessageStatus"], message.sid)
        assert RequestValidator(AUTH_TOKEN).validate(url, call.form, call.headers["X-Twilio-Signature"])
        assert not RequestValidator("another").validate(url, call.form, call.headers["X-Twilio-Signature"])
        assert call.headers["I-Twilio-Idempotency-Token"]


def test_a_message_can_be_fetched_and_found_by_number_and_date(twilio: Client) -> None:
    first, second = text_tom(twilio, body="one"), text_tom(twilio, body="two")
    text_tom(twilio, to="+447700900204")
    now = datetime.now(UTC)

    assert twilio.messages(first.sid).fetch().body == "one"
    found = twilio.messages.list(to=TOM, date_sent_after=now - timedelta(minutes=5))
    assert [message.sid for message in found] == [second.sid, first.sid]
    assert twilio.messages.list(to=TOM, date_sent_after=now + timedelta(minutes=5)) == []
    with pytest.raises(TwilioRestException, match="not found"):
        twilio.messages("SM" + "0" * 32).fetch()


def test_a_long_list_comes_in_pages(twilio: Client) -> None:
    sent = [text_tom(twilio, body=str(number)).sid for number in range(5)]

    assert [message.sid for message in twilio.messages.list(to=TOM, page_size=2)] == sent[::-1]


def test_an_error_on_the_way_is_accepted_first_and_undelivered_later(
    twilio: Client, carrier: Carrier, product: Product
) -> None:
    carrier.fault("twilio", "error", code=30005, count=1)
    message = text_tom(twilio, status_callback=f"{product.url}/status")
    last = [product.next() for _ in range(3)][-1]

    assert (last.form["MessageStatus"], last.form["ErrorCode"]) == ("undelivered", "30005")
    assert twilio.messages(message.sid).fetch().error_code == 30005


def test_faults_answer_as_twilio_would(twilio: Client, carrier: Carrier) -> None:
    carrier.fault("twilio", "rate_limit", retry_after_s=7, count=1)
    carrier.fault("twilio", "server_error", count=1)
    carrier.fault("twilio", "error", code=21408, count=1)
    carrier.fault("twilio", "blocked", to=TOM)

    assert (refused := refusal(twilio)).code == 20429
    assert refused.status == 429
    assert refusal(twilio).status == 503
    assert refusal(twilio).code == 21408
    assert refusal(twilio).code == 21610
    assert text_tom(twilio, to="+447700900204").sid


def test_a_rate_limit_says_how_long(carrier: Carrier) -> None:
    carrier.fault("twilio", "rate_limit", retry_after_s=7, count=1)
    answer = requests.post(
        f"{carrier.url}/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json",
        data={"To": TOM, "From": OUR_NUMBER, "Body": "x"},
        auth=(ACCOUNT_SID, AUTH_TOKEN),
        timeout=10,
    )

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")


def test_a_dropped_reply_leaves_an_accepted_message(twilio: Client, carrier: Carrier) -> None:
    carrier.fault("twilio", "accept_then_drop_reply", count=1)
    with pytest.raises(requests.exceptions.ConnectionError):
        text_tom(twilio)

    assert carrier.bodies("sms") == ["Order 1042 is on its way."]


def test_a_hang_is_cut_and_nothing_is_accepted(twilio: Client, carrier: Carrier) -> None:
    carrier.fault("twilio", "hang", s=0.05, count=1)
    with pytest.raises(requests.exceptions.ConnectionError):
        text_tom(twilio)

    assert carrier.messages() == []


def test_callbacks_can_be_dropped_doubled_and_reordered(twilio: Client, carrier: Carrier, product: Product) -> None:
    url = f"{product.url}/status"
    carrier.fault("twilio", "duplicate_callback", count=1)
    text_tom(twilio, status_callback=url)
    assert product.statuses(6) == ["queued", "queued", "sent", "sent", "delivered", "delivered"]

    carrier.fault("twilio", "reorder_callbacks", count=1)
    text_tom(twilio, status_callback=url)
    assert product.statuses(3) == ["delivered", "sent", "queued"]

    carrier.fault("twilio", "drop_callback", status="sent", count=1)
    text_tom(twilio, status_callback=url)
    assert product.statuses(2) == ["queued", "delivered"]


def test_a_failed_callback_is_repeated_only_when_its_url_asks_for_it(twilio: Client, product: Product) -> None:
    product.answers[:] = [503]
    text_tom(twilio, status_callback=f"{product.url}/status#rc=3&rp=all")
    assert product.statuses(4) == ["queued", "queued", "sent", "delivered"]

    product.answers[:] = [503]
    text_tom(twilio, status_callback=f"{product.url}/status")
    assert product.statuses(3) == ["queued", "sent", "delivered"]


def test_a_text_to_us_is_posted_like_twilios(carrier: Carrier, product: Product) -> None:
    answer = carrier.text(TOM, "where is 1042? café")
    call = product.next()
    form = call.form

    assert answer == {"sid": form["MessageSid"], "webhook_status": 200}
    assert call.path == "/webhooks/twilio/sms"
    assert (form["From"], form["To"], form["Body"]) == (TOM, OUR_NUMBER, "where is 1042? café")
    assert (form["NumMedia"], form["NumSegments"], form["FromCountry"]) == ("0", "1", "GB")
    assert form["SmsSid"] == form["MessageSid"] and form["AccountSid"] == ACCOUNT_SID
    url = f"{product.url}/webhooks/twilio/sms"
    assert RequestValidator(AUTH_TOKEN).validate(url, form, call.headers["X-Twilio-Signature"])


def test_a_replay_is_the_same_message(carrier: Carrier, product: Product) -> None:
    sid = carrier.text(TOM, "orders")["sid"]
    first = product.next()

    assert carrier.replay(sid=sid) == {"sid": sid, "webhook_status": 200}
    assert product.next().form == first.form


def test_a_product_that_is_away_or_refuses_is_reported(carrier: Carrier, product: Product) -> None:
    product.answers[:] = [403]
    assert carrier.text(TOM, "hello")["webhook_status"] == 403
    carrier.call_webhooks_at("http://127.0.0.1:1")
    assert carrier.text(TOM, "hello")["webhook_status"] is None


def test_stop_blocks_the_number_until_start_and_is_still_told_to_us(
    twilio: Client, carrier: Carrier, product: Product
) -> None:
    carrier.text(TOM, " Stop ")
    assert product.next().form["Body"] == " Stop "
    assert refusal(twilio).code == 21610
    assert carrier.messages() == []
    assert any("unsubscribed" in item["body"] for item in carrier.history())

    carrier.text(TOM, "please start sending")
    assert refusal(twilio).code == 21610
    carrier.text(TOM, "START")
    assert text_tom(twilio).status == "queued"


def test_a_twiml_answer_is_sent_as_a_text(carrier: Carrier, product: Product) -> None:
    product.reply = b"<Response><Message>We are closed today.</Message></Response>"
    carrier.text(TOM, "hello")

    assert carrier.bodies("sms", to=TOM) == ["We are closed today."]
