"""Which use case takes which change of a device: one row a table, the same rules and rights as over REST."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.accounts import service as accounts
from mcrm.accounts.schemas import AccountChangeSchema, AccountInSchema
from mcrm.actors import Actor
from mcrm.api.fields import AwareDateTime, Enum, List, Money, Nested, Schema, Str, Uuid
from mcrm.contacts import notes, points
from mcrm.contacts import service as contacts
from mcrm.contacts.models import ContactPoint
from mcrm.contacts.schemas import ContactChangeSchema, ContactInSchema, ContactPointInSchema
from mcrm.interactions.kinds import LOGGED_BY_REPS, Kind
from mcrm.interactions.positions import ChangedRow
from mcrm.leases import service as leases
from mcrm.leases.models import LeaseState
from mcrm.leases.schemas import NewStockLeaseSchema
from mcrm.orders import placing
from mcrm.orders.placing import Wanted
from mcrm.orders.schemas import NewOrderSchema
from mcrm.pricing.rules import LARGEST_TOTAL
from mcrm.pricing.schemas import MOST_LINES, WantedSchema
from mcrm.products import service as products
from mcrm.settings_store import service as settings_store
from mcrm.settings_store.catalogue import OFFLINE_PRICE_HOURS
from mcrm.sync.errors import ReadOnly, RecordInvalid
from mcrm.transaction import pending

Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class New:
    """A row that a device made: its id, when (device time), what it wrote, and the rows that came as its parts.

    `silent_since` is when the device was in touch before it made the row without a network; None where nobody knows.
    """

    id: UUID
    created_at: datetime
    facts: Facts
    parts: Sequence["New"] = ()
    region: str = "GB"
    silent_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Offline:
    """What a device may do with the rows of one table; what is None, it may not."""

    create: Callable[[Session, Actor, New], object] | None = None
    edit: Callable[[Session, Actor, UUID, Facts], object] | None = None
    delete: Callable[[Session, Actor, UUID], object] | None = None


class NoteSchema(Schema):
    """A note, a call or a meeting, as a device writes it down."""

    kind = Enum(Kind, required=True)
    at = AwareDateTime(load_default=None, allow_none=True)
    account_id = Uuid(load_default=None, allow_none=True)
    contact_id = Uuid(load_default=None, allow_none=True)
    text = Str(max_length=10_000, load_default=None, allow_none=True)


class OfflineLineSchema(WantedSchema):
    """An order line as a device writes it, with the stock lease that it sold from."""

    lease_id = Uuid(load_default=None, allow_none=True)


class OfflineOrderSchema(NewOrderSchema):
    """An order as a device writes it, with the total that it showed."""

    lines = List(Nested(OfflineLineSchema()), required=True, max_length=MOST_LINES)
    shown_total = Money(load_default=None, allow_none=True, maximum=LARGEST_TOTAL)


NEW_ACCOUNT, CHANGED_ACCOUNT = AccountInSchema(), AccountChangeSchema()
NEW_CONTACT, CHANGED_CONTACT = ContactInSchema(), ContactChangeSchema()
NEW_POINT, NEW_ORDER, NEW_NOTE = ContactPointInSchema(), OfflineOrderSchema(), NoteSchema()
NEW_LEASE = NewStockLeaseSchema()


def _create_account(session: Session, actor: Actor, new: New) -> object:
    return accounts.create(session, actor, id=new.id, created_at=new.created_at, **NEW_ACCOUNT.load(_given(new.facts)))


def _edit_account(session: Session, actor: Actor, id: UUID, facts: Facts) -> object:
    account = accounts.reachable(session, actor, id)
    return accounts.change(session, actor, account, CHANGED_ACCOUNT.load(facts))


def _create_contact(session: Session, actor: Actor, new: New) -> object:
    return contacts.create(session, actor, id=new.id, created_at=new.created_at, **NEW_CONTACT.load(_given(new.facts)))


def _edit_contact(session: Session, actor: Actor, id: UUID, facts: Facts) -> object:
    contact = contacts.reachable(session, actor, id)
    return contacts.change(session, actor, contact, CHANGED_CONTACT.load(facts))


def _add_point(session: Session, actor: Actor, new: New) -> object:
    facts = dict(new.facts)
    contact = contacts.reachable(session, actor, _id(facts.pop("contact_id", None)), field="contact_id")
    loaded = NEW_POINT.load(facts)
    channel = loaded["channel"].value
    address = points.normalise(channel, loaded["address"], region=new.region)
    point = points.add(session, actor, contact=contact, channel=channel, address=address, id=new.id)
    if point.id != new.id:  # the address was known: the device drops its own row and gets the one that stands
        pending(session).append(
            ChangedRow(ContactPoint.__tablename__, new.id, "delete", within=("contacts", contact.id), left=True)
        )
    return point


def _remove_point(session: Session, actor: Actor, id: UUID) -> object:
    point = contacts.reachable_point(session, actor, id)
    points.remove(session, actor, point=point)
    return point


def _place_order(session: Session, actor: Actor, new: New) -> object:
    """At the prices of when it was taken, where the device had no network then; from the stock leases of then."""
    asked = [{name: value for name, value in _given(part.facts).items() if name != "order_id"} for part in new.parts]
    loaded = NEW_ORDER.load({**_given(new.facts), "lines": asked})
    lines = loaded.pop("lines")
    made = [{"id": part.id, "lease_id": line.pop("lease_id")} for part, line in zip(new.parts, lines, strict=True)]
    now = clock.now()
    hours = settings_store.value(session, OFFLINE_PRICE_HOURS)
    was_offline = new.silent_since is not None and new.silent_since <= new.created_at <= now
    is_recent = new.created_at >= now - timedelta(hours=hours)
    return placing.place(
        session,
        actor,
        id=new.id,
        created_at=new.created_at,
        lines=[Wanted(**line) for line in lines],
        made=made,
        priced_at=new.created_at if was_offline and is_recent else None,
        taken_at=min(new.created_at, now),
        **loaded,
    )


def _lease(session: Session, actor: Actor, new: New) -> object:
    facts = {name: value for name, value in _given(new.facts).items() if name != "state"}
    if "expires_at" in facts:
        facts["expires_at"] = instant(facts["expires_at"], new.created_at).isoformat()
    loaded = NEW_LEASE.load(facts)
    products.reachable(session, actor, loaded["product_id"], field="product_id")
    return leases.grant(session, actor, id=new.id, created_at=new.created_at, **loaded)


def _give_back(session: Session, actor: Actor, id: UUID, facts: Facts) -> object:
    """All that is left: the device says so by the state."""
    if facts != {"state": LeaseState.RETURNED.value}:
        raise ReadOnly
    return leases.give_back(session, actor, id)


def _write_down(session: Session, actor: Actor, new: New) -> object:
    facts = _given(new.facts)
    facts["at"] = instant(facts.get("at"), new.created_at).isoformat()
    loaded = NEW_NOTE.load(facts)
    if loaded["kind"] not in LOGGED_BY_REPS or not (loaded["account_id"] or loaded["contact_id"]):
        raise RecordInvalid("A note, a call or a meeting is about an account or a contact.", field="kind")
    return notes.write_down(session, actor, id=new.id, **loaded)


CHANGES: Mapping[str, Offline] = {
    "accounts": Offline(create=_create_account, edit=_edit_account),
    "contacts": Offline(create=_create_contact, edit=_edit_contact),
    "contact_points": Offline(create=_add_point, delete=_remove_point),
    "stock_leases": Offline(create=_lease, edit=_give_back),
    "orders": Offline(create=_place_order),
    "interactions": Offline(create=_write_down),
}
PARTS = {"orders": ("order_lines", "order_id")}
"""Tables whose rows come whole: the table of their parts, and the part's column that names them."""
PART_FACTS = {"order_lines": ("product_id", "quantity")}
"""What tells a part from another one: the server may have settled the rest of what the device wrote otherwise."""
ENDED_LAST = frozenset({"stock_leases"})
"""Tables whose rows are changed after all others: what was sold from a lease comes before the lease is given back."""


def instant(value: Any, otherwise: datetime) -> datetime:
    """The aware time of epoch milliseconds; `otherwise` for anything that is none within 1900 to 2199."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not -(2.2e12) < value < 7.2e12:
        return otherwise
    return datetime.fromtimestamp(value / 1000, UTC)


def _given(facts: Facts) -> Facts:
    """Without what the device left empty."""
    return {name: value for name, value in facts.items() if value is not None}


def _id(value: Any) -> UUID:
    id_ = Uuid().deserialize(value)
    assert isinstance(id_, UUID)
    return id_
