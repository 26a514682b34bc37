"""What Twilio tells the product: signed status callbacks, and the texts of people."""

import asyncio
import base64
import hashlib
import hmac
import random
import uuid
import xml.etree.ElementTree as ElementTree
from collections import OrderedDict
from urllib.parse import parse_qs, urlencode

from sandbox.exchange import Exchange, Posted
from sandbox.twilio_rules import segments
from sandbox.twilio_store import Text, Texts, new_sid, now

INBOUND_PATH = "/webhooks/twilio/sms"
STOP_WORDS = frozenset({"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke"})
START_WORDS = frozenset({"start", "yes", "unstop"})
HELP_WORDS = frozenset({"help", "info"})
NOTICES = {
    "STOP": "You have successfully been unsubscribed. You will not receive any more messages from this number. "
    "Reply START to resubscribe.",
    "START": "You have successfully been re-subscribed to messages from this number. "
    "Reply HELP for help. Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
    "HELP": "Reply STOP to unsubscribe. Msg&Data Rates May Apply.",
}
COUNTRIES = {"+1": "US", "+33": "FR", "+34": "ES", "+353": "IE", "+39": "IT", "+44": "GB", "+49": "DE", "+61": "AU"}
REPLAYABLE = 10_000


def signature(auth_token: str, url: str, form: dict[str, str]) -> str:
    """Twilio's HMAC-SHA1 over the URL and the sorted fields (twilio.com/docs/usage/webhooks/webhooks-security)."""
    text = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(auth_token.encode(), text.encode(), hashlib.sha1).digest()).decode()


class TwilioWebhooks:
    """Callbacks and inbound texts on their way to the product."""

    def __init__(self, exchange: Exchange, texts: Texts) -> None:
        """Nothing is on its way at first."""
        self.exchange = exchange
        self.texts = texts
        self._inbound: OrderedDict[str, dict[str, str]] = OrderedDict()

    async def life(self, text: Text, error_code: int | None) -> None:
        """Carry one accepted message: queued, sent, then delivered (or undelivered with `error_code`)."""
        take, settings = self.exchange.faults.take, self.exchange.settings
        dropped = take("twilio", text.to, "drop_callback")
        doubled = take("twilio", text.to, "duplicate_callback")
        reordered = take("twilio", text.to, "reorder_callbacks")
        steps: list[dict[str, str]] = []
        for status in ("queued", "sent", "delivered" if error_code is None else "undelivered"):
            await asyncio.sleep(settings.callback_delay_s * random.uniform(0.5, 1.5))
            self._advance(text, status, error_code if status == "undelivered" else None)
            if dropped is None or dropped.extra.get("status") not in (None, status):
                steps += [self._status_form(text, status)] * (2 if doubled else 1)
            if not reordered:
                await self._report_all(text, steps)
                steps.clear()
        await self._report_all(text, steps[::-1])

    async def hear(self, *, sender: str, to: str, body: str) -> tuple[str, Posted]:
        """A person texts our number: the webhook is posted whatever the text says; stop words also take effect."""
        settings, form = self.exchange.settings, self._inbound_form(sender, to, body)
        sid = form["MessageSid"]
        keyword = _keyword(body)
        if keyword == "STOP":
            self.texts.stopped.add((to, sender))
        elif keyword == "START":
            self.texts.stopped.discard((to, sender))
        if keyword and settings.twilio_messaging_service_sid:
            form["OptOutType"] = keyword
        self.texts.add(Text(sid, "inbound", to, sender, "", body, "", now(), status="received"))
        self.exchange.ledger.hear("sms", sender=sender, to=to, body=body, provider_id=sid, raw=form)
        if keyword in ("STOP", "START") or (keyword and settings.twilio_messaging_service_sid):
            self._say(NOTICES[keyword], to=sender, sender=to, method="carrier-notice", logged=False)
        self._inbound[sid] = form
        if len(self._inbound) > REPLAYABLE:
            self._inbound.popitem(last=False)
        return sid, await self._deliver(form)

    async def replay(self, sid: str) -> Posted | None:
        """Deliver the same inbound text once more; None when there is no such text."""
        return await self._deliver(form) if (form := self._inbound.get(sid)) else None

    def forget(self) -> None:
        """Nothing can be replayed any more."""
        self._inbound.clear()

    async def _deliver(self, form: dict[str, str]) -> Posted:
        url = self.exchange.settings.public_url + INBOUND_PATH
        posted = await self._post(url, form, retries=1, policies=frozenset({"ct"}))
        if posted.ok and posted.content_type in ("text/xml", "application/xml"):
            for body in _twiml_messages(posted.body):
                self._say(body, to=form["From"], sender=form["To"], method="twiml")
        return posted

    def _say(self, body: str, *, to: str, sender: str, method: str, logged: bool = True) -> None:
        sid = new_sid()
        self.texts.add(Text(sid, "outbound-reply", to, sender, "", body, "", now(), status="delivered"))
        raw = {"From": sender, "To": to, "Body": body}
        self.exchange.ledger.accept(
            "sms", to=to, body=body, provider_id=sid, method=method, raw=raw, sender=sender, logged=logged
        )

    def _advance(self, text: Text, status: str, error_code: int | None) -> None:
        text.status, text.updated, text.error_code = status, now(), error_code
        if status == "sent":
            text.sent = text.updated
        self.exchange.ledger.status("sms", to=text.to, provider_id=text.sid, status=status, error_code=error_code)

    async def _report_all(self, text: Text, forms: list[dict[str, str]]) -> None:
        if not text.callback:
            return
        url, _, fragment = text.callback.partition("#")
        asked = parse_qs(fragment)
        count = asked.get("rc", ["1"])[0]
        retries = min(int(count), 5) if count.isascii() and count.isdigit() else 1
        policies = frozenset(",".join(asked.get("rp", ["ct"])).split(","))
        for form in forms:
            await self._post(url, form, retries=retries, policies=policies)

    async def _post(self, url: str, form: dict[str, str], *, retries: int, policies: frozenset[str]) -> Posted:
        headers = {
            "X-Twilio-Signature": signature(self.exchange.settings.twilio_auth_token, url, form),
            "I-Twilio-Idempotency-Token": str(uuid.uuid4()),
            "Content-Type": "application/x-www-form-urlencoded; charset=UTF-8",
            "User-Agent": "TwilioProxy/1.1",
        }
        data = urlencode(form).encode()
        posted = await self.exchange.post(url, data=data, headers=headers)
        for attempt in range(retries):
            if posted.ok or not _asked_again(posted, policies):
                break
            await asyncio.sleep(min(0.2 * 2**attempt, 2))
            posted = await self.exchange.post(url, data=data, headers=headers)
        return posted

    def _status_form(self, text: Text, status: str) -> dict[str, str]:
        account = self.exchange.settings.twilio_account_sid
        form = {"AccountSid": account, "ApiVersion": "2010-04-01", "From": text.sender, "To": text.to}
        form |= {"MessageSid": text.sid, "SmsSid": text.sid, "MessageStatus": status, "SmsStatus": status}
        if text.service:
            form["MessagingServiceSid"] = text.service
        if text.error_code is not None:
            form["ErrorCode"] = str(text.error_code)
        return form

    def _inbound_form(self, sender: str, to: str, body: str) -> dict[str, str]:
        sid, settings = new_sid(), self.exchange.settings
        form = {"MessageSid": sid, "SmsSid": sid, "SmsMessageSid": sid, "AccountSid": settings.twilio_account_sid}
        form |= {"From": sender, "To": to, "Body": body, "NumMedia": "0", "NumSegments": str(segments(body))}
        form |= {"SmsStatus": "received", "ApiVersion": "2010-04-01"}
        for side, number in (("From", sender), ("To", to)):
            form |= {side + "Country": _country(number), side + "State": "", side + "City": "", side + "Zip": ""}
        if settings.twilio_messaging_service_sid:
            form["MessagingServiceSid"] = settings.twilio_messaging_service_sid
        return form


def _keyword(body: str) -> str:
    word = body.strip().casefold()
    if word in STOP_WORDS:
        return "STOP"
    if word in START_WORDS:
        return "START"
    return "HELP" if word in HELP_WORDS else ""


def _country(number: str) -> str:
    return next((land for prefix, land in COUNTRIES.items() if number.startswith(prefix)), "")


def _asked_again(posted: Posted, policies: frozenset[str]) -> bool:
    if "all" in policies:
        return True
    if posted.status is None:
        return ("rt" if posted.connected else "ct") in policies
    return f"{posted.status // 100}xx" in policies


def _twiml_messages(document: bytes) -> list[str]:
    if b"<Message" not in document or b"<!" in document:  # nothing to say; entity tricks are not TwiML
        return []
    try:
        root = ElementTree.fromstring(document)
    except ElementTree.ParseError:
        return []
    return ["".join(message.itertext()).strip() for message in root.iter("Message")]
