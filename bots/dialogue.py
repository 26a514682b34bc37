"""One message in, one transaction: recognise, log, gate, take a step, queue the reply; no network here."""

import logging
import re
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from bots import actions, buttons, flowfiles, gate, human
from bots.catalogue import Phrase, language_of, say, words
from bots.errands import ERRANDS
from bots.gate import Wish
from bots.house import House
from bots.inbound import Inbound, InboundKind
from bots.keeping import awaits_code, code_was_sent, columns_of, state_of
from bots.lookups import GUARDS, OPTIONS
from bots.step import step
from bots.stopping import fulfil
from bots.talk import Call, Effect, Event, Form, Handoff, Ports, Say, State, level_of
from bots.turn import Turn
from bots.understanding import Meaning, candidates
from mcrm import clock
from mcrm.access import counters
from mcrm.actors import Actor, Channel, Role
from mcrm.consents import service as consents
from mcrm.contacts import points
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.contacts.people import survivor_of
from mcrm.conversations import keyboards
from mcrm.conversations import service as conversations
from mcrm.conversations.models import Conversation, Message
from mcrm.deliveries.outgoing import Operation
from mcrm.ids import new_id
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.learning import service as learning
from mcrm.learning.models import Why
from mcrm.orders import tracking
from mcrm.orders.errors import OrderUnknown
from mcrm.transaction import RETRIED, perform

logger = logging.getLogger(__name__)
MINUTE = timedelta(minutes=1)
MOST_ROUNDS = 4
DIGIT = re.compile(r"\d")
MAYBE_CODE = re.compile(r"(?<!\d)(?<!\d\W)\d(?:\W?\d){5}(?!\W?\d)")
"""Six figures and no more, however they are set apart; the number of a phone is none."""


def answer(inbound: Inbound, house: House) -> None:
    """Take one message in and queue what is to be said. A message that came before changes nothing."""
    perform(lambda session: take_in(session, inbound, house))


def take_in(session: Session, inbound: Inbound, house: House) -> Message | None:
    """The same within a transaction of the caller's: the message as it is stored; None for one that came before."""
    if (turn := _recognised(session, inbound, house)) is None:
        return None  # the provider delivered it again
    _log(turn)
    stops = consents.suppressions_of(session, turn.point.channel, turn.point.address)
    wish = gate.wish_of(inbound)
    if wish is Wish.START and not stops and inbound.opt_out is None:
        wish = None  # nothing to resume: it is a greeting, or a plain yes
    written = _written_now(turn)
    if wish is not None and wish is not Wish.HELP:
        fulfil(turn, wish, quietly=written > house.limits.inbound_per_minute)
        if wish is Wish.START:
            buttons.clear(turn)
    elif not stops and inbound.opt_out is None and _within_limits(turn, written):
        _acknowledge(turn)
        if human.answers(turn):
            buttons.clear(turn)
        else:
            _converse(turn)
    return turn.message


def _recognised(session: Session, inbound: Inbound, house: House) -> Turn | None:
    """Who writes, and the message, stored whole; None, with nothing changed, for one that is there already."""
    known = points.find_with_owner(session, inbound.channel, inbound.address)
    point, contact = known or _new_point(session, inbound)
    conversation = conversations.conversation_of(session, point, contact.id if contact else None)
    message = conversations.receive(
        session,
        channel=inbound.channel,
        provider_id=inbound.provider_id,
        kind=inbound.kind.value,
        sent_at=inbound.sent_at,
        contact_point_id=point.id,
        contact_id=point.contact_id,
        text=_without_codes(inbound.text, conversation) or inbound.label,
    )
    if message is None:
        return None
    points.seen(point)
    language = language_of(
        conversation.locale, contact.locale if contact else None, point.locale, inbound.locale, house.locale
    )
    turn = Turn(session, house, inbound, message, point, contact, conversation, language)
    turn.keyboards = keyboards.of(conversation)
    turn.level = _level(turn, state_of(conversation))
    return turn


def _new_point(session: Session, inbound: Inbound) -> tuple[ContactPoint, Contact | None]:
    stranger = Actor(role=Role.CUSTOMER, channel=Channel(inbound.channel))
    point = points.recognise(session, stranger, inbound.channel, inbound.address, locale=inbound.locale)
    return point, survivor_of(session, point.contact_id) if point.contact_id else None  # stored a moment earlier


def _without_codes(text: str, conversation: Conversation) -> str:
    """A one-time code is stored nowhere: while one is asked for, no digit of the answer is.

    Nor is what looks like one while one is out: it may be late, or for what waits, in whatever words it is said.
    """
    if awaits_code(conversation):
        return DIGIT.sub("•", text)
    if code_was_sent(conversation.slots, clock.now()):
        return MAYBE_CODE.sub(lambda code: DIGIT.sub("•", code[0]), text)
    return text


def _log(turn: Turn) -> None:
    log.append(
        turn.session,
        turn.actor,
        Kind.MESSAGE_RECEIVED,
        about=_about(turn),
        payload={"text": turn.message.text} if turn.message.text else {"kind": turn.inbound.kind.value},
        direction="in",
    )


def _about(turn: Turn) -> log.About:
    contact = turn.contact
    return log.About(
        contact_id=contact.id if contact else None,
        account_id=contact.account_id if contact else None,
        contact_point_id=turn.point.id,
        subject=("message", turn.message.id),
    )


def _written_now(turn: Turn) -> int:
    """How many messages came from this address within the present minute, this one with them."""
    key = f"{turn.inbound.channel}:{turn.inbound.address}"
    return counters.count(turn.session, "inbound", key, window=MINUTE)


def _within_limits(turn: Turn, written: int) -> bool:
    """Whether this address may be answered now; beyond the limit it hears one notice, then nothing."""
    limit = turn.house.limits.inbound_per_minute
    if written == limit + 1:
        turn.reply([Say(Phrase("slow", {}))])
    return written <= limit


def _acknowledge(turn: Turn) -> None:
    """A tapped button stops waiting, whoever answers and whatever becomes of it."""
    if turn.inbound.callback_id is not None:
        turn.queue("", kind="reply-answer", operation=Operation.ANSWER, reference=turn.inbound.callback_id)


def _converse(turn: Turn) -> None:
    """Take the dialogue's step in a savepoint: if it fails, the message stays, and a person is called."""
    queued = turn.replies
    try:
        with turn.session.begin_nested():
            _take_step(turn)
    except (DBAPIError, StaleDataError) as error:
        if isinstance(error, StaleDataError) or error.connection_invalidated:
            raise
        if getattr(error.orig, "sqlstate", None) in RETRIED:
            raise
        _rescue(turn, error, queued)
    except Exception as error:
        _rescue(turn, error, queued)


def _rescue(turn: Turn, error: Exception, queued: int) -> None:
    failure = new_id()
    where = "".join(traceback.format_tb(error.__traceback__)[-3:])  # never the text: it may quote the customer
    logger.error("a dialogue step failed: %s %s message=%s\n%s", failure, type(error).__name__, turn.message.id, where)
    turn.replies = queued  # what the step queued is gone with it
    turn.message.error = f"{type(error).__name__} {failure}"
    turn.session.flush()
    actions.hand_over(turn, "error", f"The bot failed with error {failure}.")
    turn.reply([Say(Phrase("calm", {}))])
    buttons.clear(turn)


def _take_step(turn: Turn) -> None:
    event, said = _event(turn), list[Effect]()
    state = before = state_of(turn.conversation)
    for round_ in range(MOST_ROUNDS):
        state, effects, meaning = step(state, event, _ports(turn), words(turn.language))
        if round_ == 0:
            turn.message.understood = meaning.as_json() | turn.house.models.note(turn.language)
            _keep_to_learn(turn, meaning)
        said += [effect for effect in effects if not isinstance(effect, Call | Handoff)]
        for effect in effects:
            if isinstance(effect, Handoff):
                actions.call_later(turn, effect.reason, f"The customer was locked out: {effect.reason}.")
        turn.level = _level(turn, state)
        call = next((effect for effect in effects if isinstance(effect, Call)), None)
        if call is None:
            break
        event = replace(event, outcome=actions.run(turn, call), **_person(turn))
        state = _adopted(turn, state)
    turn.language = language_of(state.language, turn.language)
    turn.reply(said)
    live = buttons.settle(turn, before, state)
    conversations.save(turn.session, turn.conversation, **columns_of(state, live))


def _keep_to_learn(turn: Turn, meaning: Meaning) -> None:
    """What was not understood waits for a person to say what it meant; answers to a question for a code do not."""
    if turn.inbound.kind is not InboundKind.TEXT or not turn.inbound.text or turn.conversation.asked == "code":
        return
    if meaning.alternatives:
        learning.collect(turn.session, turn.message, why=Why.ASKED, language=turn.language)
    elif meaning.command == "miss":
        learning.collect(turn.session, turn.message, why=Why.UNKNOWN, language=turn.language)


def _adopted(turn: Turn, state: State) -> State:
    """Where the dialogue stands once the address was linked: what was begun on another channel goes on."""
    whose = turn.contact.id if turn.contact else None
    conversation = conversations.adopt(turn.session, turn.conversation, turn.point, whose)
    if conversation is turn.conversation:
        return state
    turn.conversation = conversation
    turn.keyboards += keyboards.of(conversation)
    turn.level = _level(turn, state := state_of(conversation))
    waiting = (*state.stack, *([state.form] if state.form else []))
    if waiting and whose is not None:
        _tell_where_it_goes_on(turn, whose, waiting[-1])
    return state


def _tell_where_it_goes_on(turn: Turn, contact_id: UUID, form: Form) -> None:
    """The number from which the customer has written so far hears once that the talk went elsewhere."""
    former = points.reachable(turn.session, contact_id, "sms")
    if turn.point.channel != "sms" and former:
        told = Phrase("link.moved", {"flow": Phrase(flowfiles.flows()[form.flow].title, {})})
        text = say(told, language=turn.language, region=turn.house.region)
        turn.queue(text, kind="chat-moved", to=former[0])


def _level(turn: Turn, state: State) -> int:
    known, least = turn.contact is not None, turn.inbound.level
    return level_of(state, now=clock.now(), point=turn.holder, known=known, least=least)


def _event(turn: Turn) -> Event:
    inbound = turn.inbound
    return Event(
        now=clock.now(),
        channel=inbound.channel,
        text=inbound.text,
        button=inbound.button,
        card=(inbound.card.number, inbound.card.is_own) if inbound.card else None,
        point=turn.holder,
        level=inbound.level,
        nonce=turn.message.id.hex[-12:],
        readable=inbound.kind is not InboundKind.OTHER and (bool(inbound.text) or inbound.kind != InboundKind.TEXT),
        **_person(turn),
    )


def _person(turn: Turn) -> Mapping[str, Any]:
    return {"known": turn.contact is not None, "name": turn.contact.name.partition(" ")[0] if turn.contact else ""}


def _ports(turn: Turn) -> Ports:
    @cache  # understanding looks a number up, and the command again
    def track(number: str) -> tracking.TrackedOrder | None:
        if turn.contact is None:
            return None
        try:
            return tracking.track(turn.session, turn.actor, number=number)
        except OrderUnknown:
            return None

    def orders(most: int) -> Sequence[tracking.TrackedOrder]:
        return tracking.orders_of_contact(turn.session, turn.actor, most) if turn.contact else ()

    def own_number(text: str) -> str | None:
        found = (track(candidate) for candidate in candidates(text))
        return next((order.number for order in found if order is not None), None)

    return Ports(
        track=track,
        orders=orders,
        own_number=own_number,
        options=lambda source, values: OPTIONS[source](turn, values),
        guard=lambda name, values: GUARDS[name](turn, values),
        region=turn.house.region,
        guesses=lambda text: turn.house.models.guesses(turn.language, text),
    )


flowfiles.check(guards=GUARDS, options=OPTIONS, actions=ERRANDS)
