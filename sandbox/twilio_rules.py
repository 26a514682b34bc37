"""What Twilio refuses when a message is created, with its real codes (twilio.com/docs/api/errors)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

E164 = re.compile(r"\+[1-9]\d{6,14}")
LONGEST_BODY = 1600
LONGEST_VALIDITY_S = 36_000
# Twilio's own test numbers, and what sending to (or from) them answers.
MAGIC_TO = {
    "+15005550001": 21211,
    "+15005550002": 21612,
    "+15005550003": 21408,
    "+15005550004": 21610,
    "+15005550009": 21614,
}
MAGIC_FROM = {"+15005550001": 21212, "+15005550007": 21606, "+15005550008": 21611}
MESSAGES = {
    20003: "Authenticate",
    20001: "Invalid parameter",
    20404: "The requested resource was not found",
    20429: "Too many requests",
    21211: "The 'To' number {to} is not a valid phone number.",
    21212: "The 'From' number {sender} is not a valid phone number, shortcode, or alphanumeric sender ID.",
    21266: "'To' and 'From' number cannot be the same: {to}",
    21408: "Permission to send an SMS has not been enabled for the region indicated by the 'To' number: {to}",
    21602: "Message body is required.",
    21603: "A 'From' phone number is required.",
    21604: "A 'To' phone number is required.",
    21606: "The 'From' phone number {sender} is not a valid, SMS-capable inbound phone number or short code for your "
    "account.",
    21609: "The 'StatusCallback' URL is not a valid URL.",
    21610: "Attempt to send to unsubscribed recipient",
    21611: "This 'From' number has exceeded the maximum number of queued messages",
    21612: "The 'To' phone number: {to}, is not currently reachable using the 'From' phone number: {sender} via SMS.",
    21614: "'To' number {to} is not a valid mobile number",
    21617: "The concatenated message body exceeds the 1600 character limit",
    21624: "Invalid validity period value",
    21701: "The Messaging Service does not exist",
}
STATUS = {20003: 401, 20404: 404, 20429: 429, 429: 429}
# What only shows once the message is on its way: accepted first, then `undelivered` or `failed` with the code.
ON_THE_WAY = range(30_000, 31_000)


@dataclass(slots=True)
class Refused(Exception):
    """Twilio says no: its code, and the numbers that its sentence names."""

    code: int
    to: str = ""
    sender: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """The HTTP status that goes with the code."""
        return STATUS.get(self.code, 400)

    @property
    def body(self) -> dict[str, object]:
        """The JSON that Twilio answers."""
        sentence = MESSAGES.get(self.code, "The request could not be processed").format(to=self.to, sender=self.sender)
        more = f"https://www.twilio.com/docs/errors/{self.code}"
        return {"code": self.code, "message": sentence, "more_info": more, "status": self.status}


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message that may be sent, as asked for."""

    to: str
    sender: str
    service: str
    body: str
    callback: str
    validity_s: int


def checked(form: Mapping[str, str], *, our_number: str, our_service: str) -> Wanted:
    """The message a form asks for; raises Refused as Twilio would."""
    to, sender = form.get("To", "").strip(), form.get("From", "").strip()
    service, body = form.get("MessagingServiceSid", ""), form.get("Body", "")
    if not to:
        raise Refused(21604)
    if not sender and not service:
        raise Refused(21603)
    if not body and "MediaUrl" not in form and "ContentSid" not in form:
        raise Refused(21602)
    if len(body) > LONGEST_BODY:
        raise Refused(21617)
    if not E164.fullmatch(to):
        raise Refused(21211, to, sender)
    if service:
        if service != our_service:
            raise Refused(21701)
        sender = sender or our_number
    _check_sender(to, sender, our_number)
    if to in MAGIC_TO:
        raise Refused(MAGIC_TO[to], to, sender)
    callback = form.get("StatusCallback", "")
    if callback and (urlsplit(callback).scheme not in {"http", "https"} or not urlsplit(callback).hostname):
        raise Refused(21609)
    return Wanted(to, sender, service, body, callback, _validity(form.get("ValidityPeriod")))


def _check_sender(to: str, sender: str, our_number: str) -> None:
    if sender in MAGIC_FROM:
        raise Refused(MAGIC_FROM[sender], to, sender)
    if not E164.fullmatch(sender) and not re.fullmatch(r"[A-Za-z0-9 ]{1,11}", sender):
        raise Refused(21212, to, sender)
    if sender != our_number:
        raise Refused(21606, to, sender)
    if to == sender:
        raise Refused(21266, to, sender)


def _validity(text: str | None) -> int:
    if text is None:
        return LONGEST_VALIDITY_S
    if not (text.isascii() and text.isdigit()) or not 1 <= int(text) <= LONGEST_VALIDITY_S:
        raise Refused(21624)
    return int(text)


_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_ESCAPED = frozenset("^{}\\[~]|€\f")


def segments(body: str) -> int:
    """How many SMS a body takes (3GPP TS 23.038): 160/153 septets, or 70/67 UTF-16 units."""
    if all(char in _GSM or char in _GSM_ESCAPED for char in body):
        return _parts([2 if char in _GSM_ESCAPED else 1 for char in body], 160, 153)
    return _parts([2 if ord(char) > 0xFFFF else 1 for char in body], 70, 67)


def _parts(widths: list[int], alone: int, joined: int) -> int:
    if sum(widths) <= alone:
        return 1
    parts, room = 1, joined
    for width in widths:
        if width > room:  # a pair is never split between two parts
            parts, room = parts + 1, joined
        room -= width
    return parts
