"""Which use case takes which change of a device: one row a table, the same rules and rights as over REST."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy.orm import Session

from mcrm.accounts import service as accounts
from mcrm.accounts.schemas import AccountChangeSchema, AccountInSchema
from mcrm.activities import service as activities
from mcrm.activities.service import ActivityKind
from mcrm.actors import Actor
from mcrm.api.fields import AwareDateTime, Enum, Schema, Str, Uuid
from mcrm.contacts import points
from mcrm.contacts import service as contacts
from mcrm.contacts.models import ContactPoint
from mcrm.contacts.schemas import ContactChangeSchema, ContactInSchema, ContactPointInSchema
from mcrm.interactions.kinds import LOGGED_BY_REPS, Kind
from mcrm.interactions.positions import ChangedRow
from mcrm.sync import ordering, selling, visiting
from mcrm.sync.errors import RecordInvalid
from mcrm.sync.handing import Facts, New, Offline, given, instant, known_id
from mcrm.transaction import pending


class NoteSchema(Schema):
    """A note, a call or a meeting, as a device writes it down."""

    kind = Enum(Kind, required=True)
    at = AwareDateTime(load_default=None, allow_none=True)
    account_id = Uuid(load_default=None, allow_none=True)
    contact_id = Uuid(load_default=None, allow_none=True)
    text = Str(max_length=10_000, load_default=None, allow_none=True)


NEW_ACCOUNT, CHANGED_ACCOUNT = AccountInSchema(), AccountChangeSchema()
NEW_CONTACT, CHANGED_CONTACT = ContactInSchema(), ContactChangeSchema()
NEW_POINT, NEW_NOTE = ContactPointInSchema(), NoteSchema()


def _create_account(session: Session, actor: Actor, new: New) -> object:
    return accounts.create(session, actor, id=new.id, created_at=new.created_at, **NEW_ACCOUNT.load(given(new.facts)))


def _edit_account(session: Session, actor: Actor, id: UUID, facts: Facts) -> object:
    account = accounts.reachable(session, actor, id)
    return accounts.change(session, actor, account, CHANGED_ACCOUNT.load(facts))


def _create_contact(session: Session, actor: Actor, new: New) -> object:
    return contacts.create(session, actor, id=new.id, created_at=new.created_at, **NEW_CONTACT.load(given(new.facts)))


def _edit_contact(session: Session, actor: Actor, id: UUID, facts: Facts) -> object:
    contact = contacts.reachable(session, actor, id)
    return contacts.change(session, actor, contact, CHANGED_CONTACT.load(facts))


def _add_point(session: Session, actor: Actor, new: New) -> object:
    facts = given(new.facts)
    contact = contacts.reachable(session, actor, known_id(facts.pop("contact_id", None)), field="contact_id")
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


def _write_down(session: Session, actor: Actor, new: New) -> object:
    facts = given(new.facts)
    facts["at"] = instant(facts.get("at"), new.created_at).isoformat()
    loaded = NEW_NOTE.load(facts)
    if loaded["kind"] not in LOGGED_BY_REPS or not (loaded["account_id"] or loaded["contact_id"]):
        raise RecordInvalid("A note, a call or a meeting is about an account or a contact.", field="kind")
    kind = ActivityKind(loaded.pop("kind").value)
    return activities.write_down(session, actor, id=new.id, kind=kind, **loaded)


CHANGES: Mapping[str, Offline] = {
    "accounts": Offline(create=_create_account, edit=_edit_account),
    "contacts": Offline(create=_create_contact, edit=_edit_contact),
    "contact_points": Offline(create=_add_point, delete=_remove_point),
    "stock_leases": Offline(create=ordering.lease, edit=ordering.give_back),
    "leads": Offline(create=selling.create_lead, edit=selling.edit_lead),
    "opportunities": Offline(create=selling.create_opportunity, edit=selling.edit_opportunity),
    "orders": Offline(create=ordering.place),
    "visits": Offline(create=visiting.check_in, edit=visiting.edit_visit),
    "visit_reports": Offline(create=visiting.report),
    "tasks": Offline(create=visiting.add_task, edit=visiting.edit_task, delete=visiting.remove_task),
    "interactions": Offline(create=_write_down),
}
PARTS = {"orders": ("order_lines", "order_id")}
"""Tables whose rows come whole: the table of their parts, and the part's column that names them."""
PART_FACTS = {"order_lines": ("product_id", "quantity")}
"""What tells a part from another one: the server may have settled the rest of what the device wrote otherwise."""
ENDED_LAST = frozenset({"stock_leases"})
"""Tables whose rows are changed after all others: what was sold from a lease comes before the lease is given back."""
