"""Text messages: what is asked of Twilio, and what each of its answers means to the outbox."""

import logging
from datetime import UTC, datetime
from urllib.parse import parse_qs

import pytest

from mcrm.config import Twilio
from mcrm.deliveries.outgoing import Ambiguous, Deferred, Failed, Operation, Outcome, Suppressed
from notifications.sms import SmsSender, SmsStatus
from notifications.transport import LookupUnavailable
from tests.notifications.cast import ACCOUNT, AUTH_TOKEN, BEN, DELIVERY, NOBODY, OUR_NUMBER, SHORT_S, STATUS_URL, to_ben
from tests.notifications.scripted import Answer, Scripted, as_json

SID = "SM" + "1" * 32


def taken(**facts: object) -> Answer:
    return as_json(201, {"sid": SID, "status": "queued", **facts})


def refused(status: int, code: int, headers: dict[str, str] | None = None) -> Answer:
    return as_json(status, {"code": code, "message": "no", "status": status}, headers)


def config(reason: str) -> Deferred:
    return Deferred(reason, retry_after_s=300, pauses_sender=True, counts=False, alert=True)


def test_a_text_names_its_delivery_in_the_receipts_url_and_dies_when_it_is_stale(sms, provider):
    provider.says(taken())

    assert sms.send(to_ben("sms", "Ben’s order – it’s on its way…", ttl_s=90_000)).provider_id == SID

    (asked,) = provider.asked
    assert asked.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert {name: values[0] for name, values in parse_qs(asked.body.decode()).items()} == {
        "To": BEN,
        "From": OUR_NUMBER,
        "Body": "Ben's order - it's on its way...",
        "StatusCallback": f"{STATUS_URL}?d={DELIVERY}#rc=3&rp=all",
        "ValidityPeriod": "14400",
    }


def test_a_messaging_service_sends_instead_of_a_number(provider):
    service = "MG" + "2" * 32
    sender = SmsSender(Twilio(ACCOUNT, AUTH_TOKEN, None, service, provider.base), STATUS_URL)
    provider.says(taken())
    sender.send(to_ben("sms"))
    sender.close()

    form = parse_qs(provider.asked[0].body.decode())
    assert form["MessagingServiceSid"] == [service]
    assert "From" not in form and "ValidityPeriod" not in form


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (
            refused(429, 20429, {"Retry-After": "7"}),
            Deferred("twilio.20429", retry_after_s=7, pauses_sender=True, counts=False),
        ),
        (refused(400, 20429), Deferred("twilio.20429", pauses_sender=True, counts=False)),
        (Answer(429, b"slow down"), Deferred("twilio.429", pauses_sender=True, counts=False)),
        (refused(500, 20500), Ambiguous("twilio.20500")),
        (Answer(502, b"<html>bad gateway</html>"), Ambiguous("twilio.502")),
        (Answer(503, b"<html>unavailable</html>", {"Retry-After": "3"}), Ambiguous("twilio.503")),
        (Answer(cut=True), Ambiguous("sms.no-answer")),
        (Answer(hang_s=SHORT_S * 3), Ambiguous("sms.no-answer")),
        (Answer(201, b"{"), Ambiguous("sms.unreadable-answer")),
        (refused(400, 21211), Failed("twilio.21211", address_invalid=True)),
        (refused(400, 21614), Failed("twilio.21614", address_invalid=True)),
        (refused(400, 21217), Failed("twilio.21217", address_invalid=True)),
        (refused(400, 30005), Failed("twilio.30005", address_invalid=True)),
        (refused(400, 30006), Failed("twilio.30006", address_invalid=True)),
        (refused(400, 21610), Suppressed("twilio.21610")),
        (refused(400, 30004), Suppressed("twilio.30004")),
        (refused(400, 30003), Failed("twilio.30003")),
        (refused(400, 30008), Failed("twilio.30008")),
        (refused(400, 21606), config("twilio.21606")),
        (refused(401, 20003), config("twilio.20003")),
        (refused(403, 30002), config("twilio.30002")),
        (refused(400, 30034), config("twilio.30034")),
        (refused(404, 20404), config("twilio.20404")),
        (Answer(401, b""), config("twilio.401")),
        (refused(400, 21611), Deferred("twilio.21611", retry_after_s=60, pauses_sender=True, counts=False)),
        (refused(400, 30001), Deferred("twilio.30001", retry_after_s=60, pauses_sender=True, counts=False)),
        (refused(400, 21617), Failed("twilio.21617", alert=True)),
        (refused(400, 21605), Failed("twilio.21605", alert=True)),
        (refused(400, 99999), Failed("twilio.99999", alert=True)),
    ],
    ids=lambda value: getattr(value, "reason", ""),
)
def test_each_answer_of_twilio_means_one_thing_and_is_asked_for_once(
    sms: SmsSender, provider: Scripted, answer: Answer, outcome: Outcome
):
    provider.says(answer)

    assert sms.send(to_ben("sms")) == outcome
    assert len(provider.asked) == 1


@pytest.mark.parametrize("code", [21408, 21612, 30007])
def test_a_number_abroad_that_we_may_not_text_stops_nobody_elses_texts(sms, provider, code):
    provider.says(refused(400, code))

    assert sms.send(to_ben("sms")) == Failed(f"twilio.{code}", alert=True)


def test_a_text_that_never_left_is_queued_again():
    sender = SmsSender(Twilio(ACCOUNT, AUTH_TOKEN, OUR_NUMBER, None, NOBODY), STATUS_URL)

    assert sender.send(to_ben("sms")) == Deferred("sms.connect-failed")
    sender.close()


def test_a_text_cannot_be_edited(sms, provider):
    provider.says(taken())

    assert sms.send(to_ben("sms", operation=Operation.EDIT, reference=SID)) == Failed("sms.no-edit", alert=True)
    assert provider.asked == []


def test_one_answers_retry_after_is_not_the_next_ones(sms, provider):
    provider.says(refused(429, 20429, {"Retry-After": "7"}), refused(429, 20429))

    assert [sms.send(to_ben("sms")).retry_after_s for _ in range(2)] == [7, None]


def a_message(sid: str, body: str, direction: str = "outbound-api") -> dict[str, str]:
    return {"sid": sid, "body": body, "direction": direction, "status": "sent", "to": BEN}


def test_a_look_up_finds_the_text_that_twilio_took_and_no_other(sms, provider):
    since = datetime(2026, 11, 25, 9, 30, tzinfo=UTC)
    listed = [
        a_message("SM-inbound", "It's here...", "inbound"),
        a_message("SM-other-text", "It's there..."),
        a_message("SM-of-another-delivery", "It's here..."),
        a_message("SM-ours", "It's here..."),
    ]
    provider.says(as_json(200, {"messages": listed, "page": 0, "page_size": 50}))

    found = sms.lookup(to_ben("sms", "It’s here…"), since, known={"SM-of-another-delivery"})

    assert found is not None and found.provider_id == "SM-ours"
    assert parse_qs(provider.asked[0].path.partition("?")[2])["To"] == [BEN]
    assert parse_qs(provider.asked[0].path.partition("?")[2])["DateSent>"] == ["2026-11-25T09:30:00Z"]
    assert sms.lookup(to_ben("sms", "Never sent"), since) is None


def test_no_answer_to_a_look_up_is_not_taken_for_a_no(sms, provider):
    provider.says(Answer(503, b"<html>"))

    with pytest.raises(LookupUnavailable):
        sms.lookup(to_ben("sms"), datetime(2026, 11, 25, tzinfo=UTC))
    with pytest.raises(LookupUnavailable):
        sms.fetch(SID)


def test_the_state_of_a_text_can_be_asked_for(sms, provider):
    provider.says(as_json(200, {"sid": SID, "status": "undelivered", "error_code": 30003}))

    assert sms.fetch(SID) == SmsStatus("undelivered", 30003)


def test_no_number_and_no_text_is_logged(sms, provider, caplog):
    caplog.set_level(logging.DEBUG)
    provider.says(as_json(200, {"messages": [], "page": 0}))
    sms.lookup(to_ben("sms", "a secret"), datetime(2026, 11, 25, tzinfo=UTC))
    provider.says(refused(400, 21211))
    sms.send(to_ben("sms", "a secret"))

    mentioned = [record.getMessage() for record in caplog.records if record.name.startswith("twilio")]
    assert mentioned == []
    assert "a secret" not in caplog.text
