"""Talk to the bots in a terminal, without any provider: the same dialogue, its replies read from the outbox."""

from typing import Any
from uuid import UUID

import click
from sqlalchemy import select

from bots.dialogue import answer
from bots.house import House
from bots.inbound import Inbound, InboundKind, clean
from mcrm import db
from mcrm.actors import Actor, Channel, Role
from mcrm.config import Settings
from mcrm.consents import service as consents
from mcrm.contacts import points
from mcrm.contacts.errors import AddressInvalid
from mcrm.contacts.models import PointChannel
from mcrm.conversations.models import Message
from mcrm.deliveries.models import Delivery
from mcrm.deliveries.outgoing import Operation
from mcrm.ids import new_id
from mcrm.transaction import transaction

APP = PointChannel.APP.value
SIGNED_IN = 2


def chat(settings: Settings, channel: str, address: str) -> None:
    """Read lines until the end of input, answer each; `t:` before a line taps that button. Needs `db.use()`.

    In the app somebody is signed in whose number `address` is. Raises a ClickException for an address that the channel
    does not have.
    """
    house = House.of(settings)
    try:
        is_app = channel == APP
        address = points.normalise("sms" if is_app else channel, address, region=settings.default_region)
    except AddressInvalid as error:
        raise click.BadParameter(error.detail, param_hint="--address") from None
    signed_in: dict[str, Any] = {"level": SIGNED_IN, "signed_in": str(new_id())} if is_app else {}
    if is_app:
        address = _signed_in(address)
    click.echo(f"You write as {address}{_name_at(channel, address)} on {channel}. Ctrl-D ends.")
    for line in iter(lambda: _line(), None):
        provider_id = f"terminal-{new_id()}"
        if line.startswith("t:"):
            inbound = Inbound(channel, provider_id, address, InboundKind.BUTTON, button=line[2:], **signed_in)
        else:
            inbound = Inbound(channel, provider_id, address, text=clean(line), **signed_in)
        before = new_id()
        answer(inbound, house)
        for text in _codes(before):
            click.echo(f"(to the number on file: {text})")
        replies = _replies(channel, provider_id)
        if not replies:
            click.echo(f"({_silence(channel, address)})")
        for text, buttons in replies:
            click.echo(text)
            for (label, data), *_ in buttons:
                click.echo(f"  [{label}] t:{data.removeprefix('t:')}")


def _signed_in(number: str) -> str:
    """The address in the app of the customer with that number; raises a ClickException where nobody has it."""
    with transaction() as session:
        _, contact = points.find_with_owner(session, "sms", number) or (None, None)
        if contact is None:
            raise click.BadParameter("nobody is known by that number, so nobody can sign in", param_hint="--address")
        actor = Actor(role=Role.CUSTOMER, channel=Channel.APP, id=contact.id, contact_id=contact.id)
        return points.in_the_app(session, actor, contact).address


def _line() -> str | None:
    try:
        return str(input("> "))
    except EOFError:
        return None


def _name_at(channel: str, address: str) -> str:
    with db.reading() as session:
        _, contact = points.find_with_owner(session, channel, address) or (None, None)
        return f" ({contact.name})" if contact else ""


def _silence(channel: str, address: str) -> str:
    """Why nothing was said."""
    with db.reading() as session:
        stops = consents.suppressions_of(session, channel, address)
    return "no answer: this address has said STOP; write START to be answered again" if stops else "no answer"


def _codes(before: UUID) -> list[str]:
    """The one-time codes that went out since: who talks here has no phone to look at."""
    with db.reading() as session:
        query = select(Delivery).where(Delivery.kind == "code", Delivery.id > before).order_by(Delivery.id)
        return [delivery.text for delivery in session.scalars(query)]


def _replies(channel: str, provider_id: str) -> list[tuple[str, list[list[list[str]]]]]:
    with db.reading() as session:
        query = (
            select(Delivery)
            .join(Message, Message.id == Delivery.reply_to_id)
            .where(Message.channel == channel, Message.provider_id == provider_id)
            .where(Delivery.operation == Operation.SEND.value)
            .order_by(Delivery.id)
        )
        return [(delivery.text, delivery.content.get("buttons", [])) for delivery in session.scalars(query)]
