"""The way into the outbox: queue one message, or tell a contact on the first channel that reaches them.

A delivery is written in the transaction of the fact that caused it; nothing is sent from here.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict, Unpack, cast
from uuid import UUID

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.consents.models import Purpose
from mcrm.contacts import points
from mcrm.contacts.models import Contact
from mcrm.deliveries.models import Delivery, DeliveryState, Priority
from mcrm.deliveries.outgoing import Operation
from mcrm.ids import new_id
from mcrm.inserting import insert_many
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.transaction import announce, insert_once

NO_ADDRESS = "no-address"
LIFETIME = timedelta(hours=24)  # news that is a day late is worse than none


class Wording(TypedDict):
    """The words for one channel: the text, and a push's title."""

    text: str
    title: str | None


class Content(TypedDict, total=False):
    """What a message carries besides its text; the fields of `Outgoing` of the same names.

    `edits` is the id, as text, of the earlier delivery whose message an edit is about; an edit without words takes the
    buttons away. `secret` keeps the text out of the log, and out of the row once it was accepted: one-time codes.
    `wordings` replace text and title on the channels they name.
    """

    title: str | None
    data: Mapping[str, str] | None
    buttons: Sequence[Sequence[tuple[str, str]]]
    reply_keyboard: bool
    reference: str | None
    edits: str | None
    collapse_key: str | None
    ttl_s: int | None
    secret: bool
    wordings: Mapping[str, Wording]


class Options(Content, total=False):
    """How a delivery is treated: why it is sent, how urgently, within which times (aware), and as a part of what."""

    purpose: str
    priority: int
    operation: Operation
    not_before: datetime | None
    expires_at: datetime | None
    reply_to_id: UUID | None
    broadcast_id: UUID | None


@dataclass(frozen=True, slots=True)
class Recipient:
    """One addressee of a message to many."""

    contact_point_id: UUID
    contact_id: UUID | None
    account_id: UUID | None


def topic_of(channel: str) -> str:
    """What wakes the lane of a channel."""
    return f"deliveries_{channel}"


def queue(
    session: Session,
    actor: Actor,
    *,
    channel: str,
    contact_point_id: UUID,
    text: str,
    kind: str,
    contact_id: UUID | None = None,
    account_id: UUID | None = None,
    fallbacks: Sequence[str] = (),
    dedupe_key: str | None = None,
    **options: Unpack[Options],
) -> Delivery | None:
    """Queue one message to one contact point; None when `dedupe_key` was queued before.

    Taking the buttons of an earlier one off a screen (`edits`) is no news, so the log keeps none of it.

    `kind` names the news (`order.shipped`, `reply`). `fallbacks` are the channels to try, in order, should this address
    turn out dead or stopped; they need a contact and a `dedupe_key`. Without `expires_at` it is given up a day after
    it was due.
    """
    row = _row(channel, contact_point_id, contact_id, text, kind, fallbacks, dedupe_key, options)
    delivery = _store(session, row)
    if delivery is None:
        return None
    if contact_id is not None and account_id is None:
        account_id = session.get_one(Contact, contact_id).account_id
    if not row["content"].get("edits"):
        _log(session, actor, row, account_id)
    announce(session, topic_of(channel))
    return delivery


def queue_many(
    session: Session,
    actor: Actor,
    recipients: Iterable[Recipient],
    *,
    channel: str,
    text: str,
    kind: str,
    dedupe_prefix: str,
    **options: Unpack[Options],
) -> int:
    """Queue the same message to many; how many were new. A second call with the same prefix repeats nothing.

    Keep a call to about a thousand recipients: everybody else's commit waits for its positions.
    """
    rows = {}
    for to in recipients:
        key = f"{dedupe_prefix}:{to.contact_point_id}"
        rows[key] = (_row(channel, to.contact_point_id, to.contact_id, text, kind, (), key, options), to.account_id)
    if not rows:
        return 0
    known = set(session.scalars(select(Delivery.dedupe_key).where(Delivery.dedupe_key.in_(rows))))
    if fresh := [entry for key, entry in rows.items() if key not in known]:
        session.flush()  # what the rows name has to be there before them
        insert_many(session.connection(), cast(Table, Delivery.__table__), [row for row, _ in fresh], once="dedupe_key")
        for row, account_id in fresh:
            _log(session, actor, row, account_id)
        announce(session, topic_of(channel))
    return len(fresh)


def tell(
    session: Session,
    actor: Actor,
    *,
    contact_id: UUID,
    text: str,
    kind: str,
    dedupe_key: str,
    channels: Sequence[str] = ("push", "telegram", "sms"),
    **options: Unpack[Options],
) -> Delivery:
    """Tell a contact something once, on the first of `channels` that reaches them; the others are its fallbacks.

    The same `dedupe_key` again returns the delivery of the first time. A contact without any address gets a
    delivery that says so (`suppressed`, `no-address`), so that nobody wonders later.
    """
    for place, channel in enumerate(channels):
        if found := points.reachable(session, contact_id, channel):
            made = queue(
                session,
                actor,
                channel=channel,
                contact_point_id=found[0].id,
                contact_id=contact_id,
                text=text,
                kind=kind,
                fallbacks=channels[place:],
                dedupe_key=dedupe_key,
                **options,
            )
            break
    else:
        made = _unreachable(session, actor, channels[0], contact_id, text, kind, dedupe_key, options)
    return made or session.scalars(select(Delivery).where(Delivery.dedupe_key == dedupe_key)).one()


def fall_back(session: Session, actor: Actor, delivery: Delivery, *, address_dead: bool = False) -> Delivery | None:
    """Queue the next way to say what `delivery` could not; None when there is none left.

    Another device on the same channel comes first if this one's address is dead, then the other channels. Each way is
    a delivery of its own; its key names the point, so that no address is tried twice.
    """
    if delivery.contact_id is None or delivery.dedupe_key is None or not delivery.text:
        return None
    base = delivery.dedupe_key.partition(">")[0]
    for place, channel in enumerate(delivery.fallbacks):
        if channel == delivery.channel and not address_dead:
            continue
        for point in points.reachable(session, delivery.contact_id, channel):
            if point.id == delivery.contact_point_id:
                continue
            made = queue(
                session,
                actor,
                channel=channel,
                contact_point_id=point.id,
                contact_id=delivery.contact_id,
                text=delivery.text,
                kind=delivery.kind,
                fallbacks=delivery.fallbacks[place:],
                dedupe_key=f"{base}>{point.id}",
                **_options_of(delivery),
            )
            if made is not None:
                return made
    return None


def _unreachable(
    session: Session,
    actor: Actor,
    channel: str,
    contact_id: UUID,
    text: str,
    kind: str,
    dedupe_key: str,
    options: Options,
) -> Delivery | None:
    row = _row(channel, None, contact_id, text, kind, (), dedupe_key, options)
    row |= {"state": DeliveryState.SUPPRESSED.value, "reason": NO_ADDRESS, "settled_at": clock.now()}
    delivery = _store(session, row)
    if delivery is not None:
        _log(session, actor, row, session.get_one(Contact, contact_id).account_id)
    return delivery


def _store(session: Session, row: dict[str, Any]) -> Delivery | None:
    return insert_once(session, Delivery, row, unique=["dedupe_key"])


def _row(
    channel: str,
    contact_point_id: UUID | None,
    contact_id: UUID | None,
    text: str,
    kind: str,
    fallbacks: Sequence[str],
    dedupe_key: str | None,
    options: Options,
) -> dict[str, Any]:
    now = clock.now()
    not_before = options.get("not_before") or now
    if own := options.get("wordings", {}).get(channel):
        text, options = own["text"], {**options, "title": own["title"] or options.get("title")}
    return {
        "id": new_id(),
        "created_at": now,
        "channel": channel,
        "operation": Operation(options.get("operation", Operation.SEND)).value,
        "purpose": options.get("purpose", Purpose.SERVICE),
        "kind": kind,
        "priority": options.get("priority", Priority.TRANSACTIONAL),
        "contact_id": contact_id,
        "contact_point_id": contact_point_id,
        "text": text,
        "content": {name: options[name] for name in CONTENT_FIELDS if options.get(name)},  # type: ignore[literal-required]
        "state": DeliveryState.QUEUED.value,
        "reason": None,
        "not_before": not_before,
        "expires_at": options.get("expires_at") or not_before + LIFETIME,
        "fallbacks": list(fallbacks),
        "reply_to_id": options.get("reply_to_id"),
        "broadcast_id": options.get("broadcast_id"),
        "settled_at": None,
        "dedupe_key": dedupe_key,
        "attempts": [],
        "tries": 0,
        "provider_rank": 0,
    }


def _log(session: Session, actor: Actor, row: dict[str, Any], account_id: UUID | None) -> None:
    payload = {"kind": row["kind"], "purpose": row["purpose"], "operation": row["operation"]}
    if not row["content"].get("secret"):
        payload["text"] = row["text"]
    if row["reason"]:
        payload["reason"] = row["reason"]
    log.append(
        session,
        actor,
        Kind.DELIVERY_QUEUED,
        about=log.About(
            contact_id=row["contact_id"],
            account_id=account_id,
            contact_point_id=row["contact_point_id"],
            subject=("delivery", row["id"]),
        ),
        payload=payload,
        direction="out",
        channel=row["channel"],
    )


def _options_of(delivery: Delivery) -> Options:
    """The same treatment for the next way, due now. Buttons and references belong to the channel they were made for."""
    content = delivery.content
    return Options(
        purpose=delivery.purpose,
        priority=delivery.priority,
        expires_at=delivery.expires_at,
        title=content.get("title"),
        wordings=content.get("wordings") or {},
        data=content.get("data"),
        collapse_key=content.get("collapse_key"),
        ttl_s=content.get("ttl_s"),
        secret=bool(content.get("secret")),
    )


CONTENT_FIELDS = tuple(Content.__annotations__)
