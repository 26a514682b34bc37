"""Before anything is understood: does somebody want no messages any more, or wants them again, or asks for help?"""

import re
from enum import StrEnum

from bots.catalogue import Catalogue, offered, words
from bots.features import plain
from bots.inbound import Inbound, InboundKind


class Wish(StrEnum):
    """What the gate takes care of."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"


CARRIER_WORDS = frozenset(
    {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "optout", "revoke"}
)  # Twilio's list: it blocks and confirms these by itself


def wish_of(inbound: Inbound) -> Wish | None:
    """The wish, in whatever language on offer it is said."""
    if inbound.kind is InboundKind.MEMBERSHIP:
        return Wish.UNBLOCKED if inbound.joined else Wish.BLOCKED
    if inbound.opt_out in ("STOP", "START", "HELP"):
        return Wish(inbound.opt_out.lower())
    if inbound.kind is not InboundKind.TEXT:
        return None
    text = _bare(inbound.text)
    for table in map(words, offered()):
        if wants_stop(text, table, inbound.channel):
            return Wish.STOP
        if text in table.gate["start"] + table.gate["resume"]:
            return Wish.START
        if text in table.gate["help"]:
            return Wish.HELP
    return None


def wants_stop(text: str, table: Catalogue, channel: str) -> bool:
    """Whether a bare text revokes, by a word or by any reasonable wording."""
    if text in table.gate["stop"] or (channel == "sms" and text in table.gate["stop_sms"]):
        return True
    said = set(text.split()) - set(table.gate["courtesy"])
    if said and said <= set(table.gate["stop"]):  # “STOP STOP STOP”, “unsubscribe please”
        return True
    for wording in table.gate["phrases"]:
        if found := re.search(rf"(?:^|\s){re.escape(wording)}(?:\s|$)", text):
            before = text[: found.start()].split()
            if not before or before[-1] not in table.gate["not_after"]:
                return True
    return False


def carrier_answers(inbound: Inbound) -> bool:
    """Whether the carrier has answered this itself, so that a second answer would come from us."""
    if inbound.opt_out is not None:
        return True
    return inbound.channel == "sms" and _bare(inbound.text) in CARRIER_WORDS


def _bare(text: str) -> str:
    text = re.sub(r"[^\w\s]", " ", plain(text.removeprefix("/").partition("@")[0] if text.startswith("/") else text))
    return " ".join(text.split())
