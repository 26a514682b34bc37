"""What a step may have done: each action runs a use case in the message's transaction and names its outcome."""

from collections.abc import Callable, Mapping
from typing import Any

from bots import errands
from bots.catalogue import Phrase, say
from bots.talk import Call
from bots.turn import Turn
from mcrm import clock
from mcrm.access import codes
from mcrm.access.errors import TooManyTries
from mcrm.cases.service import open_case
from mcrm.contacts import linking, points
from mcrm.contacts.errors import ContactPointTaken
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.inbox import answering, handing
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.settings_store import opening

Outcome = tuple[str, Mapping[str, Any]]
CODE_PURPOSE = "chat"


def run(turn: Turn, call: Call) -> tuple[str, str, Mapping[str, Any]]:
    """Do it; (action, outcome, facts) as the next event."""
    outcome, facts = ACTIONS[call.action](turn, call.facts)
    return call.action, outcome, facts


def call_later(turn: Turn, reason: str, summary: str) -> Outcome:
    """Open a case for a person; the customer keeps the bot."""
    case, is_new = open_case(
        turn.session,
        turn.actor,
        kind=reason,
        summary=summary,
        contact_id=turn.contact.id if turn.contact else None,
        contact_point_id=turn.point.id,
    )
    return ("opened" if is_new else "already"), {"number": case.number}


def hand_over(turn: Turn, reason: str, summary: str) -> Outcome:
    """Have a person answer, now if the business is open; else a case is opened, and the customer keeps the bot."""
    placed = handing.hand_over(
        turn.session,
        turn.actor,
        conversation=turn.conversation,
        point=turn.point,
        contact=turn.contact,
        reason=reason,
        asked=summary,
    )
    if placed.handover is not None:
        wait = placed.handover.first_response_due_at - clock.now()
        return "waiting", {"minutes": max(1, round(wait.total_seconds() / 60))}
    assert placed.case is not None
    facts = {"number": placed.case.number}
    if placed.case.due_at is None or opening.opening(turn.session).hours is None:
        return ("opened" if placed.is_new else "already"), facts
    return "promised", {**facts, "when": turn.moment(placed.case.due_at)}


def _open_case(turn: Turn, facts: Mapping[str, Any]) -> Outcome:
    return hand_over(turn, facts["reason"], "The customer asked for a person.")


def _rate(turn: Turn, facts: Mapping[str, Any]) -> Outcome:
    kept = answering.rate(turn.session, turn.actor, turn.conversation, facts["stars"])
    return ("kept" if kept else "over"), {}


def _set_language(turn: Turn, facts: Mapping[str, Any]) -> Outcome:
    if turn.contact is not None:
        turn.contact.locale = facts["language"]
    payload = {"language": facts["language"]}
    log.append(turn.session, turn.actor, Kind.LANGUAGE_CHOSEN, about=points.about(turn.point), payload=payload)
    return "set", {}


def _offer_link(turn: Turn, facts: Mapping[str, Any]) -> Outcome:
    """A one-time link to the chat, in a text to the number on file: whoever only claims the number never sees it."""
    if turn.contact is None or turn.house.telegram_bot is None:
        return "none", {}
    token = linking.new_link(turn.session, turn.actor, contact_id=turn.contact.id, channel="telegram")
    link = f"https://t.me/{turn.house.telegram_bot}?start={token}"
    minutes = int(linking.LIFETIME.total_seconds()) // 60
    text = say(
        Phrase("link.offer", {"link": link, "minutes": minutes}), language=turn.language, region=turn.house.region
    )
    turn.queue(text, kind="chat-link", secret=True, expires_at=clock.now() + linking.LIFETIME)
    return "offered", {}


def _use_link(turn: Turn, facts: Mapping[str, Any]) -> Outcome:
    try:
        contact = linking.use_link(turn.session, turn.actor, token=facts["token"], point=turn.point)
    except linking.LinkUnknown:
        return "dead", {}
    except ContactPointTaken:
        return "taken", {}
    return _now_known(turn, contact, proved=False)


def _share_number(turn: Turn, facts: Mapping[str, Any]) -> Outcome:
    try:
        contact = linking.link_shared_number(
            turn.session, turn.actor, point=turn.point, number=facts["number"], region=turn.house.region
        )
    except linking.NumberUnknown:
        return "no-match", {}
    except ContactPointTaken:
        return "taken", {}
    return _now_known(turn, contact, proved=True)


def _now_known(turn: Turn, contact: Contact, *, proved: bool) -> Outcome:
    turn.contact = contact
    turn.message.contact_id = contact.id
    return "linked", {"name": contact.name.partition(" ")[0], "proved": proved}


def _refuse_card(turn: Turn, facts: Mapping[str, Any]) -> Outcome:
    log.append(turn.session, turn.actor, Kind.CONTACT_POINT_REFUSED, about=points.about(turn.point))
    return "refused", {}


def _number_on_file(turn: Turn) -> ContactPoint | None:
    """Codes go to the number that is on file, never to one that was typed here."""
    if turn.contact is None:
        return None
    if turn.point.channel == "sms":
        return turn.point
    return next(iter(points.reachable(turn.session, turn.contact.id, "sms")), None)


def _send_code(turn: Turn, facts: Mapping[str, Any]) -> Outcome:
    point = _number_on_file(turn)
    if point is None:
        return "none", {}
    params = {"business": turn.house.business_name, "code": "{code}"}
    text = say(Phrase("verify.sms", params), language=turn.language, region=turn.house.region)
    try:
        codes.send_code(
            turn.session, turn.actor, point=point, purpose=CODE_PURPOSE, limits=turn.house.limits, text=text
        )
    except TooManyTries:
        return "too-soon", {}
    return "sent", {}


def _check_code(turn: Turn, facts: Mapping[str, Any]) -> Outcome:
    point = _number_on_file(turn)
    if point is None:
        return "wrong", {}
    verdict = codes.check_code(
        turn.session, turn.actor, point=point, purpose=CODE_PURPOSE, code=facts["code"], limits=turn.house.limits
    )
    if verdict is codes.Verdict.RIGHT:
        points.verify(turn.session, turn.actor, point=turn.point, how="code")
    return verdict.value, {}


ACTIONS: Mapping[str, Callable[[Turn, Mapping[str, Any]], Outcome]] = {
    "open-case": _open_case,
    "rate": _rate,
    "set-language": _set_language,
    "offer-link": _offer_link,
    "use-link": _use_link,
    "share-number": _share_number,
    "refuse-card": _refuse_card,
    "send-code": _send_code,
    "check-code": _check_code,
    "errand": errands.run,
}
