"""HELP, MENU, START, AGENT, LANGUAGE, and what is said when nothing was understood."""

import re
from collections.abc import Mapping
from typing import Any

from bots.catalogue import names_of, offered, words
from bots.features import plain
from bots.intents import line_for
from bots.talk import Talk, phrase


def menu(talk: Talk, argument: str | None) -> None:
    """MENU: what can be done here."""
    talk.say("menu")
    offer_menu(talk)


def offer_menu(talk: Talk) -> None:
    """The menu's choices; a stranger on Telegram is offered the link first."""
    options = [(phrase("menu.agent"), "agent")]
    if talk.event.known:
        options = [(phrase("menu.track"), "track"), (phrase("menu.orders"), "orders"), *options]
        options.append((phrase("menu.help"), "help"))
    elif talk.event.channel == "telegram":
        options = [(phrase("menu.link"), "link"), *options]
    talk.choose(*options, is_menu=True)


def start(talk: Talk, token: str | None) -> None:
    """START, or a link from the app with its one-time token."""
    if token is not None:
        return talk.call("use-link", token=token)
    if talk.event.known:
        talk.say("start.known", name=talk.event.name)
    else:
        talk.say("start.unknown")
    return offer_menu(talk)


def strangers(talk: Talk) -> None:
    """What somebody hears whom we do not know yet."""
    if talk.event.channel == "telegram":
        talk.say("unknown.telegram")
    else:
        talk.say("unknown.sms")
    offer_menu(talk)


def help_(talk: Talk, argument: str | None) -> None:
    """HELP: the words that work here."""
    talk.say("help")


def thanks(talk: Talk, argument: str | None) -> None:
    """A thank-you, an OK or a goodbye: nothing is wanted."""
    said = plain(talk.event.text)
    a_thank_you, *an_okay = talk.words.rules["thanks"]
    if any(pattern.search(said) for pattern in talk.words.hints["goodbye"]):
        talk.say("thanks.goodbye")
    elif any(pattern.search(said) for pattern in an_okay) and not a_thank_you.search(said):
        talk.say("thanks.okay")
    else:
        talk.say("thanks")


def agent(talk: Talk, argument: str | None) -> None:
    """AGENT: a person is told."""
    talk.call("open-case", reason="asked")


def bot(talk: Talk, argument: str | None) -> None:
    """BOT: the way back from a person."""
    talk.say("bot.back")
    offer_menu(talk)


def rate(talk: Talk, stars: str | None) -> None:
    """The answer to the question how our help was, 1 to 5."""
    talk.call("rate", stars=int(stars) if stars is not None and re.fullmatch("[0-9]", stars) else 0)


def rated(talk: Talk, outcome: str, facts: Mapping[str, Any]) -> None:
    """The answer is kept, or nobody asked."""
    talk.say("rate.kept" if outcome == "kept" else "rate.over")


def case_opened(talk: Talk, outcome: str, facts: Mapping[str, Any]) -> None:
    """Somebody will answer: in some minutes, or as a case, which is there or was there already."""
    if outcome == "waiting":
        talk.say("agent.waiting", n=facts["minutes"], minutes=facts["minutes"])
    elif outcome == "promised":
        talk.say("agent.promised", **facts)
    elif outcome == "opened":
        talk.say("agent.opened", number=facts["number"])
    else:
        talk.say("agent.already", number=facts["number"])


def language(talk: Talk, wanted: str | None) -> None:
    """LANGUAGE: which ones are spoken; with a name, the choice of one."""
    for tag in offered():
        if wanted and wanted.casefold() in names_of(tag, talk.words.language):
            talk.change(language=tag)
            return talk.call("set-language", language=tag)
    names = {tag: words(tag).name for tag in offered()}
    talk.say("language.offer", n=len(names), languages=", ".join(names.values()))
    if len(names) > 1:
        talk.choose(*((phrase("language.entry", name=name), f"language:{tag}") for tag, name in names.items()))
    return None


def language_set(talk: Talk, outcome: str, facts: Mapping[str, Any]) -> None:
    """The choice is kept."""
    talk.say("language.set")


def expired(talk: Talk, argument: str | None) -> None:
    """A digit that answers a question of long ago does nothing."""
    talk.say("choice.expired")
    offer_menu(talk)


def miss(talk: Talk, argument: str | None) -> None:
    """Not understood: examples, then the menu, then a person; never the same words twice in a row."""
    if talk.state.asked == "code":
        talk.say("verify.format")
        return
    talk.change(misses=talk.state.misses % 3 + 1)
    if not talk.event.readable:
        talk.say("other")
    elif talk.state.misses == 1:
        talk.say("miss.first")
    elif talk.state.misses == 2:
        talk.say("miss.second")
        offer_menu(talk)
    else:
        talk.say("miss.third")
        talk.choose((phrase("menu.agent"), "agent"))


def unsure(talk: Talk, argument: str | None) -> None:
    """Two things could be meant: which one? The argument names both intents, then the order if there was one."""
    first, second, *rest = (argument or "").split()
    talk.say("unsure")
    talk.choose(
        *((phrase(f"intent.{intent}"), line_for(intent, rest[0] if rest else None)) for intent in (first, second)),
        (phrase("unsure.else"), "menu"),
        is_menu=True,
    )


def desk(talk: Talk, argument: str | None) -> None:
    """Understood, but nothing that a bot does here: a person is offered. The argument: the intent, then an order."""
    intent, _, _ = (argument or "").partition(" ")
    if f"intent.{intent}" not in talk.words.phrases:
        return miss(talk, None)  # a button that we never made
    talk.say("desk", topic=phrase(f"intent.{intent}"))
    return talk.choose((phrase("menu.agent"), "agent"))


def challenge(talk: Talk, argument: str | None) -> None:
    """Whoever asks is told that this is a machine."""
    talk.say("challenge")
