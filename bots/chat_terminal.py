"""Talk to the bots in a terminal, without any provider: the same dialogue, its replies read from the outbox."""

import click
from sqlalchemy import select

from bots.dialogue import answer
from bots.house import House
from bots.inbound import Inbound, InboundKind, clean
from mcrm import db
from mcrm.config import Settings
from mcrm.conversations.models import Message
from mcrm.deliveries.models import Delivery
from mcrm.ids import new_id


def chat(settings: Settings, channel: str, address: str) -> None:
    """Read lines until the end of input, answer each; `t:` before a line taps that button. Needs `db.use()`."""
    house = House.of(settings)
    click.echo(f"You write as {address} on {channel}. Ctrl-D ends.")
    for line in iter(lambda: _line(), None):
        provider_id = f"terminal-{new_id()}"
        if line.startswith("t:"):
            inbound = Inbound(channel, provider_id, address, InboundKind.BUTTON, button=line[2:])
        else:
            inbound = Inbound(channel, provider_id, address, text=clean(line))
        answer(inbound, house)
        for text, buttons in _replies(channel, provider_id):
            click.echo(text)
            for (label, data), *_ in buttons:
                click.echo(f"  [{label}] {data}")


def _line() -> str | None:
    try:
        return str(input("> "))
    except EOFError:
        return None


def _replies(channel: str, provider_id: str) -> list[tuple[str, list[list[list[str]]]]]:
    with db.reading() as session:
        query = (
            select(Delivery)
            .join(Message, Message.id == Delivery.reply_to_id)
            .where(Message.channel == channel, Message.provider_id == provider_id)
            .order_by(Delivery.id)
        )
        return [(delivery.text, delivery.content.get("buttons", [])) for delivery in session.scalars(query)]
