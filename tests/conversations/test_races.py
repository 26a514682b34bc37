"""A customer who taps twice, or whose app sends everything at once, is heard once and answered once."""

from concurrent.futures import ThreadPoolExecutor
from itertools import count

from sqlalchemy import select

from mcrm import db
from mcrm.conversations.models import Conversation, Message
from mcrm.deliveries.models import Delivery
from mcrm.orders.models import Order
from mcrm.transaction import transaction
from tests import doors
from tests.callers import Caller, as_customer
from tests.cast import a_customer, a_product

MESSAGES = "/v1/me/conversation/messages"
_names = count(1)


def in_the_app() -> Caller:
    """Ben, signed in a moment ago; there are mugs to buy."""
    with transaction() as session:
        ben = a_customer(session, phone="+447700900201")
        a_product(session, "MUG-1", "Harbour mug", price=1200)
    made = doors.settings(inbound_per_minute=100)
    return as_customer(doors.make_app(made).test_client(), ben)


def send(app: Caller, name: str | None = None, **said: str) -> tuple[int, str]:
    """Each on a connection of its own; what was answered."""
    mine = Caller(app.client.application.test_client(), "")
    mine.headers = app.headers
    answer = mine.post(MESSAGES, {"client_id": name or f"m-{next(_names)}", **said})
    return answer.status_code, answer.text


def test_two_taps_on_one_yes_buy_once(committed: db.Database) -> None:
    app = in_the_app()
    for text in ("buy", "mug", "2"):
        status, read_back = send(app, text=text)
        assert status == 201, read_back
    with db.reading() as session:
        buttons = session.scalars(select(Delivery.content).order_by(Delivery.id.desc())).first()
    assert buttons is not None
    yes = buttons["buttons"][0][0][1]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: send(app, choice=yes), range(4)))
    assert [status for status, _ in answers] == [201] * 4
    with db.reading() as session:
        assert len(session.scalars(select(Order.id)).all()) == 1
        assert session.scalars(select(Message.error).where(Message.error.is_not(None))).all() == []


def test_twenty_messages_at_once_are_each_answered_once(committed: db.Database) -> None:
    app = in_the_app()
    names = [f"n-{place % 10}" for place in range(20)]  # each is sent twice at the same time
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda name: send(app, name, text="help"), names))
    assert [status for status, _ in answers] == [201] * 20, answers
    for place in range(10):
        assert answers[place][1] == answers[place + 10][1]
    with db.reading() as session:
        assert len(session.scalars(select(Message.id)).all()) == 10
        assert len(session.scalars(select(Delivery.id)).all()) == 10
        assert len(session.scalars(select(Conversation.id)).all()) == 1
