"""LINK and VERIFY: whose chat is this, and is it really them?"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bots import forms, waiting
from bots.commands.basics import offer_menu
from bots.keeping import code_was_sent
from bots.talk import LOCKED_FOR, TRIES, VERIFIED_FOR, ShareNumber, Talk, phrase

MINUTES = int(LOCKED_FOR.total_seconds()) // 60


def link(talk: Talk, argument: str | None) -> None:
    """LINK: join this chat to the account; in a text, a link that joins the chat on Telegram."""
    if talk.event.channel != "telegram":
        return talk.call("offer-link")
    if talk.event.known:
        return talk.say("link.already")
    talk.say("link.share")
    talk.effects.append(ShareNumber(phrase("link.button")))
    return None


def link_offered(talk: Talk, outcome: str, facts: Mapping[str, Any]) -> None:
    """The link went out by itself, since nobody else may read it; without one, say how to go about it."""
    if outcome == "none":
        talk.say("link.sms")


def share(talk: Talk, argument: str | None) -> None:
    """A shared contact card counts only when it is the sender's own and was not forwarded."""
    number, is_own = talk.event.card or ("", False)
    if not is_own:
        return talk.call("refuse-card")
    return talk.call("share-number", number=number)


def linked(talk: Talk, outcome: str, facts: Mapping[str, Any]) -> None:
    """What came of a link or a shared number."""
    if outcome == "linked":
        if facts.get("proved"):
            talk.proved()
        talk.say("link.done", name=facts["name"])
        waiting.interrupt(talk)  # what was begun on another channel goes on here
        if not talk.state.stack:
            offer_menu(talk)
    elif outcome == "taken":
        talk.say("link.taken")
    elif outcome == "refused":
        talk.say("link.refused")
    elif outcome == "dead":
        talk.say("link.dead")
    else:
        talk.say("link.no-match")


def verify(talk: Talk, argument: str | None) -> None:
    """VERIFY: a code to the number on file. Strangers hear the same words, and get no code."""
    if talk.is_locked:
        return talk.say("verify.locked", minutes=MINUTES)
    return talk.call("send-code")


def code_sent(talk: Talk, outcome: str, facts: Mapping[str, Any]) -> None:
    """Ask for the code, whether or not one was sent: the difference would tell who is a customer.

    Who is on the way to something is known already, and hears what the code is for.
    """
    if outcome == "too-soon":
        talk.change(form=None)
        return talk.say("verify.soon")
    if outcome == "none" and talk.state.form is not None:  # known by this chat alone, so nothing is given away
        talk.change(form=None)
        talk.say("verify.no-number")
        return talk.choose((phrase("menu.agent"), "agent"))
    talk.change(flow="verify", slots={**talk.state.slots, "code_sent": talk.event.now.isoformat()})
    if talk.state.form is not None:
        talk.say("verify.needed")
    else:
        talk.say("verify.sent")
    return talk.ask("code")


def code(talk: Talk, digits: str | None) -> None:
    """Six digits while they were asked for."""
    if talk.is_locked:
        return talk.say("verify.locked", minutes=MINUTES)
    return talk.call("check-code", code=digits)


def stray_code(talk: Talk, digits: str | None) -> None:
    """Six digits that nobody asked for, or no more: no guess at anything, and the same words whosever order they name.

    Where a code went out lately a new one is offered.
    """
    if code_was_sent(talk.state.slots, talk.event.now):
        talk.change(flow=None)
        talk.say("verify.stale")
        return talk.choose((phrase("verify.again"), "verify"))
    return talk.say("verify.none")


def code_checked(talk: Talk, outcome: str, facts: Mapping[str, Any]) -> None:
    """Right opens level 2 for fifteen minutes, and what needed it goes on.

    Five wrong ones lock, for strangers in the same words.
    """
    if outcome == "right":
        talk.change(flow=None, asked=None, slots={})
        talk.proved()
        if talk.state.form is not None:
            return forms.advance(talk, replace(talk.state.form, code_until=None))
        return talk.say("verify.right", minutes=int(VERIFIED_FOR.total_seconds()) // 60)
    tries = int(talk.state.slots.get("tries", 0)) + 1
    if outcome == "locked" or tries >= TRIES:
        talk.lock("wrong-codes")
        return talk.say("verify.locked", minutes=MINUTES)
    talk.change(slots={**talk.state.slots, "tries": tries})
    talk.ask("code")
    return talk.say("verify.wrong")
