"""A webhook that the provider did not sign is refused, whatever it looks like, and never with an error."""

import pytest
from twilio.request_validator import RequestValidator
from werkzeug.datastructures import MultiDict

from mcrm.api.signatures import telegram_secret_ok, twilio_signature_ok

TOKEN = "0f9e8d7c6b5a49382716051423324150"
URL = "https://crm.harbourandpine.example/webhooks/twilio/sms"
FORM = {"MessageSid": "SM" + "1" * 32, "From": "+447700900201", "To": "+447700900100", "Body": "where is 1042? ☕"}


def signed(url: str = URL, form: object = FORM, token: str = TOKEN, algorithm: str | None = None) -> str:
    return RequestValidator(token).compute_signature(url, form, algorithm)


@pytest.mark.parametrize(
    "url",
    [
        URL,
        URL + "?d=01990000-0000-7000-8000-000000000001",
        URL + "?a=%3A%2C~%7E%c3%a9&b",
        "http://127.0.0.1:18080/webhooks/twilio/sms",
        "https://crm.harbourandpine.example:8443/webhooks/twilio/sms",
    ],
)
def test_what_twilio_signed_is_let_in_as_its_own_package_would(url):
    assert twilio_signature_ok(url, FORM, signed(url), TOKEN)
    assert RequestValidator(TOKEN).validate(url, FORM, signed(url))


def test_twilio_may_sign_with_or_without_the_port():
    assert twilio_signature_ok(URL, FORM, signed(URL.replace(".example/", ".example:443/")), TOKEN)
    with_port = URL.replace(".example/", ".example:8443/")
    assert twilio_signature_ok(with_port, FORM, signed(URL), TOKEN)


def test_repeated_and_empty_fields_are_part_of_the_signature():
    form = MultiDict([("Body", ""), ("MediaUrl", "b"), ("MediaUrl", "a"), ("From", "+447700900201")])

    assert twilio_signature_ok(URL, form, signed(form=form), TOKEN)
    assert not twilio_signature_ok(
        URL, MultiDict([*form.items(multi=True), ("MediaUrl", "c")]), signed(form=form), TOKEN
    )


def test_the_newer_algorithm_is_understood_and_an_unknown_one_refused():
    newer = "key=webhooks_sharedkey_1,algorithm=HMAC_SHA256"
    signature = signed(algorithm="HMAC_SHA256")

    assert twilio_signature_ok(URL, FORM, signature, TOKEN, newer)
    assert not twilio_signature_ok(URL, FORM, signature, TOKEN)
    assert not twilio_signature_ok(URL, FORM, signature, TOKEN, "algorithm=none")
    assert not twilio_signature_ok(URL, FORM, signature, TOKEN, "algorithm=HMAC_MD5")


@pytest.mark.parametrize(
    ("url", "form", "signature"),
    [
        (URL, FORM, None),
        (URL, FORM, ""),
        (URL, FORM, "AAAA"),
        (URL, FORM, "ü" * 28),
        (URL, FORM, "\udcff"),
        (URL, FORM, signed(token="another token of the same length")),
        (URL, FORM, signed().lower()),
        (URL, FORM, signed() + " "),
        (URL, {**FORM, "Body": "stop"}, signed()),
        (URL, {**FORM, "Extra": ""}, signed(form={**FORM, "Extra2": ""})),
        (URL, {name: FORM[name] for name in ("From", "To")}, signed()),
        (URL, {}, signed()),
        (URL + "?d=1", FORM, signed()),
        (URL.replace("https", "http"), FORM, signed()),
        (URL.replace("/sms", "/status"), FORM, signed()),
        ("https://crm.harbourandpine.example:port/webhooks", FORM, signed()),
        ("https://[crm/webhooks", FORM, signed()),
        ("", FORM, signed()),
        (URL, {"Body": "\udcff"}, signed()),
        (URL, {"Body": None}, signed()),
    ],
)
def test_a_forged_webhook_is_refused_and_breaks_nothing(url, form, signature):
    assert twilio_signature_ok(url, form, signature, TOKEN) is False


def test_a_signature_that_covers_a_json_body_lets_no_form_in():
    url = URL + "?bodySHA256=" + "0" * 64

    assert RequestValidator(TOKEN).validate(url, {}, signed(url, {}))
    assert not twilio_signature_ok(url, {}, signed(url, {}), TOKEN)
    assert not twilio_signature_ok(url, FORM, signed(url, FORM), TOKEN)


@pytest.mark.parametrize(
    ("header", "secret", "ok"),
    [
        ("harbour-and-pine-webhook-secret", "harbour-and-pine-webhook-secret", True),
        ("harbour-and-pine-webhook-secreT", "harbour-and-pine-webhook-secret", False),
        ("harbour-and-pine", "harbour-and-pine-webhook-secret", False),
        ("schlüssel", "harbour-and-pine-webhook-secret", False),
        ("\udcff", "harbour-and-pine-webhook-secret", False),
        ("", "harbour-and-pine-webhook-secret", False),
        (None, "harbour-and-pine-webhook-secret", False),
        ("", "", False),
        (None, "", False),
    ],
)
def test_telegram_must_show_our_secret(header, secret, ok):
    assert telegram_secret_ok(header, secret) is ok
