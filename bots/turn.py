"""What the handling of one message shares, and the way its replies take into the outbox."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from babel import localedata
from babel.dates import format_datetime
from sqlalchemy.orm import Session

from bots.house import House
from bots.inbound import Inbound
from bots.rendering import render
from bots.talk import Effect
from mcrm.actors import Actor, Channel, Role
from mcrm.consents.models import Purpose
from mcrm.contacts.models import Contact, ContactPoint
from mcrm.conversations import keyboards
from mcrm.conversations.keyboards import Keyboard
from mcrm.conversations.models import Conversation, Message
from mcrm.deliveries import outbox
from mcrm.deliveries.models import Delivery


@dataclass(slots=True)
class Turn:
    """What one message's handling shares: who wrote, from where, and the row that stands for the message.

    `level` is how surely they are known (see `Actor`); verification counts for the address that was verified.
    `keyboards` are the buttons that could be tapped when the message came, `shown` those under the reply.
    """

    session: Session
    house: House
    inbound: Inbound
    message: Message
    point: ContactPoint
    contact: Contact | None
    conversation: Conversation
    language: str
    level: int = 0
    replies: int = 0
    keyboards: list[Keyboard] = field(default_factory=list)
    shown: list[Keyboard] = field(default_factory=list)

    @property
    def actor(self) -> Actor:
        """The customer, as surely as we know them now."""
        contact = self.contact
        return Actor(
            role=Role.CUSTOMER,
            channel=Channel(self.inbound.channel),
            id=contact.id if contact else None,
            contact_id=contact.id if contact else None,
            level=self.level if contact else 0,
            session_id=UUID(self.inbound.signed_in) if self.inbound.signed_in else None,
        )

    @property
    def holder(self) -> str:
        """What a code proves to be in the right hands: the address, or the sign-in through which they write."""
        return self.inbound.signed_in or str(self.point.id)

    def reply(self, effects: Sequence[Effect], *, kind: str = "reply") -> None:
        """Queue what these effects say as the one reply."""
        house = self.house
        rendered = render(
            effects,
            channel=self.inbound.channel,
            language=self.language,
            region=house.region,
            zone=self._zone,
            business=house.business_name,
        )
        if rendered is not None:
            takes_away = not rendered.buttons and any(map(self._is_below, self.keyboards))
            below = rendered.reply_keyboard or takes_away
            self.shown = keyboards.under(
                self.queue(rendered.text, kind=kind, buttons=rendered.buttons, reply_keyboard=below)
            )
            if takes_away:
                self.keyboards = [one for one in self.keyboards if not self._is_below(one)]

    def _is_below(self, keyboard: Keyboard) -> bool:
        return keyboard.is_below and keyboard.contact_point_id == self.point.id

    def moment(self, at: datetime) -> str:
        """An instant with its day and time, as the customer's clock and language say it."""
        locale = f"{self.language}_{self.house.region}"
        known = locale if locale in localedata.locale_identifiers() else self.language
        form = "EEEE, MMMM d, h:mm a z" if known.endswith("_US") else "EEEE d MMMM, HH:mm z"
        return str(format_datetime(at, form, tzinfo=self._zone, locale=known))

    @property
    def _zone(self) -> ZoneInfo:
        """The customer's own time zone, else the business's."""
        own = self.contact.timezone if self.contact else None
        return ZoneInfo(own) if own else self.house.zone

    def queue(self, text: str, *, kind: str, to: ContactPoint | None = None, **options: Any) -> Delivery | None:
        """Queue one delivery that belongs to this message: to where it came from, or to another of their addresses."""
        point = to or self.point
        queued = outbox.queue(
            self.session,
            self.actor,
            channel=point.channel,
            contact_point_id=point.id,
            contact_id=self.contact.id if self.contact else None,
            account_id=self.contact.account_id if self.contact else None,
            text=text,
            kind=kind,
            purpose=Purpose.SERVICE,
            reply_to_id=self.message.id,
            dedupe_key=f"reply:{self.message.id}:{self.replies}",
            **options,
        )
        self.replies += 1
        return queued
