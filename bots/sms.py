"""Texts from Twilio: verify, read, hand over. The answer is empty; replies leave through the outbox."""

from flask import Blueprint, Response, request

from bots.dialogue import answer
from bots.house import House
from bots.inbound import Inbound, InboundKind, clean
from mcrm.api.signatures import twilio_signature_ok
from mcrm.config import Settings
from mcrm.contacts.errors import AddressInvalid
from mcrm.contacts.points import normalise

ENDPOINTS = ("sms.receive",)
NOTHING = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


def make_sms(settings: Settings) -> Blueprint:
    """The blueprint of `POST /webhooks/twilio/sms`; 403 without a trace for what Twilio did not sign."""
    blueprint = Blueprint("sms", __name__)
    house = House.of(settings)

    @blueprint.post("/webhooks/twilio/sms")
    def receive() -> Response:
        """Take one text in."""
        if settings.twilio is None or not _is_signed(settings, settings.twilio.auth_token):
            return Response(status=403)
        if (inbound := read(house.region)) is not None:
            answer(inbound, house)
        return Response(NOTHING, content_type="text/xml")

    return blueprint


def _is_signed(settings: Settings, token: str) -> bool:
    query = request.query_string.decode("latin-1")
    url = f"{settings.public_url}{request.path}" + (f"?{query}" if query else "")
    header = request.headers.get("X-Twilio-Signature")
    return twilio_signature_ok(
        url, request.form, header, token, request.headers.get("X-Twilio-Webhooks-Signature-Settings")
    )


def read(region: str) -> Inbound | None:
    """The text of this request; None for what is not one (no id, a sender that is no number)."""
    form = request.form
    provider_id = clean(form.get("MessageSid", "") or form.get("SmsSid", ""))[:64]
    try:
        address = normalise("sms", clean(form.get("From", "")), region=region)
    except AddressInvalid:  # a short code or a name: nobody who could read an answer
        return None
    if not provider_id:
        return None
    text = clean(form.get("Body", ""))
    kind = InboundKind.TEXT if text else InboundKind.OTHER
    opt_out = form.get("OptOutType", "").upper() or None
    return Inbound("sms", provider_id, address, kind, text, opt_out=opt_out)
