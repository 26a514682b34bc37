"""Who owns a conversation is decided once: two agents at the same instant, or an agent and the bot."""

import threading
from collections.abc import Callable
from uuid import UUID

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bots.dialogue import answer
from bots.house import House
from bots.inbound import Inbound
from mcrm import db, keys
from mcrm.actors import Actor, Channel, Role, Scope
from mcrm.conversations.models import Conversation
from mcrm.deliveries.models import Delivery
from mcrm.inbox import answering, presence
from mcrm.inbox.errors import HandoverTaken
from mcrm.inbox.models import Handover
from mcrm.transaction import perform, transaction
from tests.bots.conftest import SETTINGS
from tests.cast import a_customer, a_handover, a_user

BEN = "+447700900201"


@pytest.fixture
def desk(committed: db.Database) -> tuple[UUID, list[Actor]]:
    """Ben waits; two agents see it."""
    keys.use(SETTINGS.secret_key)
    with transaction() as session:
        users = [a_user(session, name, "agent") for name in ("Kofi Mensah", "Lena Fischer")]
        agents = [Actor(Role.AGENT, Channel.API, user.id, scope=Scope.ALL) for user in users]
        return a_handover(session, a_customer(session, "Ben Okafor", phone=BEN)).id, agents


def together(*works: Callable[[], object]) -> list[object]:
    """Run all of them at once; what each returned or raised, in order."""
    results: list[object] = [None] * len(works)
    start = threading.Barrier(len(works))

    def run(place: int) -> None:
        start.wait()
        try:
            results[place] = works[place]()
        except HandoverTaken as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_two_agents_who_answer_at_once_one_does(desk: tuple[UUID, list[Actor]]) -> None:
    handover_id, agents = desk

    def reply(agent: Actor) -> Callable[[], object]:
        def work(session: Session) -> object:
            return answering.reply(session, agent, handover_id, text=f"Hello from {agent.id}.")

        return lambda: perform(work)

    results = together(*(reply(agent) for agent in agents))
    [taken] = [result for result in results if isinstance(result, HandoverTaken)]
    winner = agents[1 - results.index(taken)]
    with db.reading() as session:
        assert session.scalars(select(Handover.agent_id)).all() == [winner.id]
        assert session.scalars(select(Delivery.text)).all() == [f"Hello from {winner.id}."]


def test_a_message_that_arrives_while_an_agent_gives_back_is_answered_once_by_whoever_owns_it(
    desk: tuple[UUID, list[Actor]],
) -> None:
    handover_id, [kofi, _] = desk
    house = House.of(SETTINGS)
    perform(lambda session: answering.take(session, kofi, handover_id))
    together(
        lambda: perform(lambda session: answering.give_back(session, kofi, handover_id)),
        lambda: answer(Inbound("sms", "SM1", BEN, text="help me find my parcel"), house),
    )
    with db.reading() as session:
        [handover] = session.scalars(select(Handover))
        [conversation] = session.scalars(select(Conversation))
        bot_spoke = bool(session.scalars(select(Delivery.id).where(Delivery.kind == "reply")).all())
        assert (conversation.owner, handover.state) == ("bot", "returned")
        assert bot_spoke is (conversation.version > 2), "the bot speaks only in a turn of its own"


def test_of_a_customer_who_asks_twice_at_once_one_hand_over_is_made(committed: db.Database) -> None:
    keys.use(SETTINGS.secret_key)
    house = House.of(SETTINGS)
    with transaction() as session:
        user = a_user(session, "Kofi Mensah", "agent")
        a_customer(session, "Ben Okafor", phone=BEN)
        kofi = Actor(Role.AGENT, Channel.API, user.id, scope=Scope.ALL)
    perform(lambda session: presence.arrive(session, kofi))
    together(*(lambda n=n: answer(Inbound("sms", f"SM{n}", BEN, text="agent"), house) for n in range(3)))
    with db.reading() as session:
        assert len(session.scalars(select(Handover)).all()) == 1
        assert len(session.scalars(select(Delivery).where(Delivery.kind == "reply")).all()) == 1
