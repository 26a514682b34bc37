"""Compares what was promised, what the database holds and what the carriers accepted; lists what does not add up."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.contacts.models import ContactPoint
from mcrm.conversations.models import Message
from mcrm.deliveries.models import Delivery, DeliveryState
from mcrm.interactions.kinds import Kind
from mcrm.interactions.models import Interaction
from tests.drills.load import Answered

OPEN = frozenset({DeliveryState.QUEUED.value, DeliveryState.SENDING.value, DeliveryState.UNKNOWN.value})
GONE_OUT = frozenset({DeliveryState.ACCEPTED.value, DeliveryState.DELIVERED.value, DeliveryState.READ.value})
SEEDED = "seeded"  # news of the past, which the demo wrote down and never meant to send
Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Sending:
    """One delivery as the database has it. `key` is how an accepted message is recognised as its own."""

    id: UUID
    key: Key
    state: str
    reason: str | None
    in_doubt: bool
    reply_to_id: UUID | None
    text: str


@dataclass(frozen=True, slots=True)
class Books:
    """What the database holds. `messages`: row id by channel and provider id; the counters are of the log's rows."""

    messages: Mapping[tuple[str, str], UUID]
    received: Counter[UUID | None]
    queued: Counter[UUID | None]
    sendings: Sequence[Sending]

    @classmethod
    def read(cls, session: Session) -> "Books":
        """All of it, in one snapshot."""
        rows = session.execute(select(Message.channel, Message.provider_id, Message.id)).all()
        found = session.execute(
            select(Delivery, ContactPoint.address).outerjoin(ContactPoint, ContactPoint.id == Delivery.contact_point_id)
        )
        return cls(
            {(channel, provider_id): id_ for channel, provider_id, id_ in rows},
            _logged(session, Kind.MESSAGE_RECEIVED),
            _logged(session, Kind.DELIVERY_QUEUED),
            [_sending(delivery, address or "") for delivery, address in found],
        )


def _logged(session: Session, kind: Kind) -> Counter[UUID | None]:
    return Counter(session.scalars(select(Interaction.subject_id).where(Interaction.kind == kind.value)))


def _sending(delivery: Delivery, address: str) -> Sending:
    words = "\n".join(filter(None, (delivery.content.get("title"), delivery.text)))
    key = ("sms", str(delivery.id), "") if delivery.channel == "sms" else (delivery.channel, address, words)
    outcomes = [attempt["outcome"] for attempt in delivery.attempts]
    doubt = delivery.state == DeliveryState.UNKNOWN or any(said.startswith("unknown") for said in outcomes)
    return Sending(delivery.id, key, delivery.state, delivery.reason, doubt, delivery.reply_to_id, delivery.text)


def key_of(item: Mapping[str, Any]) -> Key:
    """Whose message the carriers accepted: a text names the delivery in the address for its receipts."""
    if item["channel"] == "sms":
        callback = urlsplit(item["raw"].get("StatusCallback", ""))
        return ("sms", parse_qs(callback.query).get("d", ["nobody's"])[0], "")
    return (item["channel"], item["to"], item["body"])


def still_open(books: Books) -> int:
    """How many deliveries have not come to an end."""
    return sum(sending.state in OPEN for sending in books.sendings)


def faults(answered: Answered, books: Books, items: Iterable[Mapping[str, Any]]) -> list[str]:
    """One sentence for each thing that was lost, doubled without a doubt, or made up; none when all is well."""
    accepted = Counter(key_of(item) for item in items)
    return [
        *_of_messages(answered, books),
        *_of_log(books),
        *_of_sendings(books, accepted),
        *_of_orders(answered, books),
    ]


def _of_messages(answered: Answered, books: Books) -> Iterable[str]:
    replied = {sending.reply_to_id for sending in books.sendings}
    for channel, ids in (("sms", answered.texts), ("telegram", answered.updates)):
        for provider_id in ids:
            row = books.messages.get((channel, provider_id))
            if row is None:
                yield f"{channel} {provider_id} was answered 200 and is not kept"
            elif row not in replied:
                yield f"{channel} {provider_id} was answered 200 and nothing was queued for it"


def _of_log(books: Books) -> Iterable[str]:
    for what, rows, logged in (
        ("message", set(books.messages.values()), books.received),
        ("delivery", {sending.id for sending in books.sendings}, books.queued),
    ):
        yield from (f"{what} {id_} stands {logged[id_]} times in the log" for id_ in rows if logged[id_] != 1)
        yield from (f"the log tells of {what} {id_}, which is not kept" for id_ in set(logged) - rows)


def _of_sendings(books: Books, accepted: Counter[Key]) -> Iterable[str]:
    """Two messages of the same words to the same address share a key: they are counted together."""
    by_key: dict[Key, list[Sending]] = defaultdict(list)
    for sending in books.sendings:
        by_key[sending.key].append(sending)
        if sending.state in OPEN:
            yield f"delivery {sending.id} is still {sending.state}"
        elif sending.state not in GONE_OUT and not sending.in_doubt and sending.reason != SEEDED:
            yield f"delivery {sending.id} is {sending.state} ({sending.reason}) without a doubt"
    for key, sendings in by_key.items():
        in_doubt = any(sending.in_doubt for sending in sendings)
        gone_out = sum(sending.state in GONE_OUT for sending in sendings)
        if accepted[key] < gone_out:
            yield f"{key[0]} {sendings[0].id}: {gone_out} went out, the carrier has {accepted[key]}"
        if accepted[key] > len(sendings) and not in_doubt:
            yield f"{key[0]} {sendings[0].id}: the carrier has it {accepted[key]} times, and nobody was in doubt"
    yield from (f"the carrier accepted {key}, which no delivery was" for key in set(accepted) - set(by_key))


def _of_orders(answered: Answered, books: Books) -> Iterable[str]:
    news = [sending.text for sending in books.sendings if sending.reply_to_id is None]
    for number in answered.shipped:
        if not any(number in text for text in news):
            yield f"order {number} has shipped and its customer was not told"


def doubled(books: Books, items: Iterable[Mapping[str, Any]]) -> int:
    """How many messages the carriers accepted beyond the first of each delivery."""
    deliveries = Counter(sending.key for sending in books.sendings)
    return sum(max(0, count - deliveries[key]) for key, count in Counter(key_of(item) for item in items).items())
