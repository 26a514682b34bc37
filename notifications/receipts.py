"""Twilio's status callbacks: signed, read, and handed to `reports`."""

from uuid import UUID

from flask import Blueprint, Response, request

from mcrm.api.signatures import twilio_signature_ok
from mcrm.config import Settings
from mcrm.transaction import perform
from notifications import sms_codes
from notifications.reports import RANKS, Report, record

ENDPOINTS = frozenset({"receipts.twilio_status"})
LONGEST = 64


def make_receipts(settings: Settings) -> Blueprint:
    """The blueprint of `POST /webhooks/twilio/status`; 403 without a trace for what Twilio did not sign."""
    blueprint = Blueprint("receipts", __name__)

    @blueprint.post("/webhooks/twilio/status")
    def twilio_status() -> Response:
        """Take one report in."""
        if settings.twilio is None or not _is_signed(settings, settings.twilio.auth_token):
            return Response(status=403)
        status = request.form.get("MessageStatus") or request.form.get("SmsStatus") or ""
        report = Report(
            delivery_id=_uuid(request.args.get("d", "")),
            provider_id=_short(request.form.get("MessageSid") or request.form.get("SmsSid")),
            status=status.lower()[:LONGEST],
            code=_short(request.form.get("ErrorCode")),
        )
        if report.status in RANKS:  # a status that Twilio may add one day is no fault of ours
            sender = sms_codes.sender_key(settings.twilio)
            perform(lambda session: record(session, report, sender=sender))
        return Response(status=204)

    return blueprint


def _is_signed(settings: Settings, token: str) -> bool:
    query = request.query_string.decode("latin-1")
    url = f"{settings.public_url}{request.path}" + (f"?{query}" if query else "")
    signature = request.headers.get("X-Twilio-Signature")
    algorithm = request.headers.get("X-Twilio-Webhooks-Signature-Settings")
    return twilio_signature_ok(url, request.form, signature, token, algorithm)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _short(text: str | None) -> str | None:
    clean = "".join(character for character in text or "" if character.isprintable())
    return clean[:LONGEST] or None
