"""What Twilio's error codes mean, told at once or in a report later: one table, which needs none of its package."""

from mcrm.config import Twilio
from mcrm.deliveries.outgoing import Deferred, Failed, Outcome, Suppressed

QUEUE_FULL_PAUSE_S = 60
SETTING_PAUSE_S = 300

RATE_LIMITED = frozenset({429, 20429})
QUEUE_FULL = frozenset({21611, 30001})
BAD_NUMBER = frozenset({21211, 21214, 21217, 21614, 30005, 30006})
OPTED_OUT = frozenset({21610, 30004})
# Wrong for whatever we send, whomever to: the sender stops and the queue is kept until somebody has looked.
SENDER_BROKEN = frozenset({401, 403, 404, 20003, 20404, 21212, 21606, 21659, 21660, 21701, 21704, 21705, 30002, 30034})
# Not here: 21408, 21612, 30007 (region not permitted, no route, filtered). An operator should know, but only this
# number or text is at fault; pausing for it would let anybody stop everybody's texts by asking for a code abroad.
UNREACHABLE_NOW = frozenset({30003, 30008})


def meaning(code: int, retry_after: float | None = None) -> Outcome:
    """What a refusal with this code says about the message, its addressee and its sender; `retry_after` in seconds."""
    reason = f"twilio.{code}"
    if code in RATE_LIMITED:
        return Deferred(reason, retry_after_s=retry_after, pauses_sender=True, counts=False)
    if code in QUEUE_FULL:
        return Deferred(reason, retry_after_s=retry_after or QUEUE_FULL_PAUSE_S, pauses_sender=True, counts=False)
    if code in BAD_NUMBER:
        return Failed(reason, address_invalid=True)
    if code in OPTED_OUT:
        return Suppressed(reason)
    if code in SENDER_BROKEN:
        return Deferred(reason, retry_after_s=SETTING_PAUSE_S, pauses_sender=True, counts=False, alert=True)
    return Failed(reason, alert=code not in UNREACHABLE_NOW)


def sender_key(settings: Twilio) -> str:
    """The name that our number's (or service's) rate and pauses are kept by."""
    return f"sms:{settings.sender or settings.messaging_service_sid or ''}"
