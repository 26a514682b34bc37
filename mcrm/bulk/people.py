"""Rows of contacts: found by number, phone or mail, changed through the ordinary use cases, new ones many at a time."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.accounts import service as accounts
from mcrm.accounts.errors import AccountUnknown
from mcrm.accounts.models import Account, AccountKind
from mcrm.actors import Actor
from mcrm.bulk import belongings
from mcrm.bulk.belongings import Held
from mcrm.bulk.models import Outcome
from mcrm.bulk.rows import Values, Verdict, exists, rejected, require_filled
from mcrm.contacts import arriving, points, service
from mcrm.contacts.arriving import Arrival
from mcrm.contacts.errors import ContactPointTaken, NumberTaken
from mcrm.contacts.models import Contact, ContactPoint, PointState
from mcrm.custom_fields import service as custom_fields
from mcrm.custom_fields import values
from mcrm.custom_fields.models import FieldTable
from mcrm.errors import DomainError
from mcrm.territories import service as territories
from mcrm.territories.errors import TerritoryUnknown
from mcrm.territories.models import Territory

CHANNELS = {"phone": "sms", "email": "email", "telegram": "telegram"}
OWN = ("name", "number", "locale", "timezone", "notes", "custom")
OF_ACCOUNT = ("country", "account_class")
Address = tuple[str, str]


def keys(row: Values) -> list[str]:
    """What no other row of the file may hold."""
    found = [f"{channel}:{address}" for channel, address in addresses(row)]
    if "number" in row.values:
        found.append(f"number:{row.values['number']}")
    return found


def addresses(row: Values) -> list[Address]:
    """(channel, address) of everything in the row that is one."""
    return [(channel, address) for name, channel in CHANNELS.items() for address in row.values.get(name, ())]


def decide(session: Session, actor: Actor, rows: Sequence[Values], *, mode: str, match: str) -> dict[int, Verdict]:
    """Create or change what these rows say; the verdict on each by its place in the file."""
    window = _Window(session, actor, rows)
    verdicts: dict[int, Verdict] = {}
    arrivals: dict[int, Arrival] = {}
    for row in rows:
        found = window.match(row, match)
        try:
            if found is not None:
                is_new_only = mode == "create"
                verdicts[row.at] = exists(found.id) if is_new_only else _change(session, actor, window, found, row)
            elif mode == "update":
                verdicts[row.at] = Verdict(Outcome.SKIPPED, "import.nothing-found", "", "No contact matches this row.")
            else:
                belongings.check_tags(row)
                belongings.new_places(row)
                arrivals[row.at] = window.arrival(row)
        except DomainError as error:
            verdicts[row.at] = rejected(error)
    made = _arrive(session, actor, arrivals)
    _equip(session, actor, window, [row for row in rows if row.at in made], made)
    verdicts |= made
    done = [verdicts[row.at].undo or {} for row in rows]
    belongings.claim(one.get("made", one.get("belongings", {})) for one in done)
    return verdicts


def _equip(
    session: Session, actor: Actor, window: "_Window", rows: Sequence[Values], verdicts: dict[int, Verdict]
) -> None:
    """Give new contacts what else their rows say, and note which row made a company: taken back, it goes with it."""
    new, undo = [], []
    for row in rows:
        done = verdicts[row.at]
        if done.undo is None or done.subject_id is None:
            continue
        account_id = window.company(row) or UUID(done.undo["made"]["account"][0][0])
        if account_id in window.made:
            done.undo["made"]["company"] = [str(account_id), window.made.pop(account_id).rev]
        new.append((row, done.subject_id, account_id))
        undo.append(done.undo["made"])
    for facts, more in zip(undo, belongings.give(session, actor, new), strict=True):
        facts.update(more)
    for account in window.made.values():  # the row that named it came to nothing
        accounts.remove(session, actor, account)
    window.made.clear()


def _arrive(session: Session, actor: Actor, arrivals: dict[int, Arrival]) -> dict[int, Verdict]:
    if not arrivals:
        return {}
    try:
        made = arriving.create_many(session, actor, list(arrivals.values()))
        return {at: _created(one) for at, one in zip(arrivals, made, strict=True)}
    except IntegrityError:  # another writer was quicker with one of them: find out which
        return {at: _arrive_alone(session, actor, arrival) for at, arrival in arrivals.items()}


def _arrive_alone(session: Session, actor: Actor, arrival: Arrival) -> Verdict:
    try:
        return _created(arriving.create_many(session, actor, [arrival])[0])
    except IntegrityError:
        number = arrival.facts.get("number")
        taken = select(Contact.id).where(Contact.number == number)
        is_number = number is not None and session.scalar(taken) is not None
        return rejected(NumberTaken(field="number") if is_number else ContactPointTaken())


def _created(made: arriving.Arrived) -> Verdict:
    rows = {
        "contact": [[str(made.contact), 1]],
        "account": [[str(made.account), 1]] if made.account else [],
        "points": [[str(id_), rev] for id_, rev in made.points],
    }
    return Verdict(Outcome.CREATED, subject_id=made.contact, undo={"made": rows})


def _change(session: Session, actor: Actor, window: "_Window", contact: Contact, row: Values) -> Verdict:
    """Only what differs; a savepoint, so that a refused half leaves nothing."""
    changes = {name: row.values[name] for name in OWN if name in row.values and name != "custom"}
    changes = {name: value for name, value in changes.items() if getattr(contact, name) != value}
    given = row.values.get("custom", {})
    own_fields = {name: value for name, value in given.items() if contact.custom.get(name) != value}
    account = window.their_accounts[contact.account_id]
    of_account = {name: row.values[name] for name in OF_ACCOUNT if name in row.values}
    if "territory" in row.values:
        of_account["territory_id"] = window.territory(row.values["territory"])
    is_private = account.kind == AccountKind.PERSON
    of_account = {name: value for name, value in of_account.items() if is_private and getattr(account, name) != value}
    new = [address for address in addresses(row) if not window.is_held(address, contact)]
    new_tags, places = window.held.missing(contact, row), window.held.differing(contact, row)
    if not (changes or own_fields or of_account or new or new_tags or places):
        return Verdict(Outcome.UNCHANGED, subject_id=contact.id)
    undo: dict[str, Any] = {
        "contact": {name: [getattr(contact, name), value] for name, value in changes.items()},
        "custom": {name: [contact.custom.get(name), value] for name, value in own_fields.items()},
        "account": {name: [_plain(getattr(account, name)), _plain(value)] for name, value in of_account.items()},
    }
    with session.begin_nested():
        service.change(session, actor, contact, changes | ({"custom": own_fields} if own_fields else {}))
        if of_account:
            accounts.change(session, actor, account, dict(of_account))
        added = [
            points.add(session, actor, contact=contact, channel=channel, address=address) for channel, address in new
        ]
        undo["belongings"] = belongings.change(session, actor, window.held, contact, new_tags, places)
    undo["points"] = [str(point.id) for point in added]
    return Verdict(Outcome.UPDATED, subject_id=contact.id, undo=undo)


def _plain(value: Any) -> Any:
    return str(value) if isinstance(value, UUID) else value


class _Window:
    """What is there already of what these rows name, looked up once for all of them."""

    def __init__(self, session: Session, actor: Actor, rows: Sequence[Values]) -> None:
        self.session, self.actor = session, actor
        self.territories: dict[str, UUID] = {}
        self.defined = custom_fields.in_force(session, FieldTable.CONTACTS)
        self.accounts: dict[tuple[str | None, str | None], UUID] = {}
        self.made: dict[UUID, Account] = {}
        numbers = {row.values["number"] for row in rows if "number" in row.values}
        wanted = {address for row in rows for address in addresses(row)}
        in_reach = service.contacts_of(actor)
        self.by_number = {one.number: one for one in session.scalars(in_reach.where(Contact.number.in_(numbers)))}
        query = select(Contact.number).where(Contact.number.in_(numbers - self.by_number.keys()))
        self.out_of_reach = set(session.scalars(query)) if len(self.by_number) < len(numbers) else set()
        self.points = {(one.channel, one.address): one for one in _points(session, wanted)}
        owners = {point.contact_id for point in self.points.values() if point.contact_id}
        self.owners = {one.id: one for one in session.scalars(in_reach.where(Contact.id.in_(owners)))} if owners else {}
        found = {one.account_id for one in (*self.by_number.values(), *self.owners.values())}
        theirs = select(Account).where(Account.id.in_(found))
        self.their_accounts = {one.id: one for one in session.scalars(theirs)} if found else {}
        there = {one.id for one in (*self.by_number.values(), *self.owners.values())}
        self.held = Held(session, there if any(belongings.named(row) for row in rows) else ())

    def match(self, row: Values, match: str) -> Contact | None:
        """The contact that the row means; with `any` by number, else by phone, else by mail."""
        for key in ("number", "phone", "email") if match == "any" else (match,):
            if key == "number":
                found = self.by_number.get(row.values.get("number"))
            else:
                held = [self.points.get((CHANNELS[key], address)) for address in row.values.get(key, ())]
                owners = [self.owners.get(point.contact_id) for point in held if point and point.contact_id]
                found = next((owner for owner in owners if owner), None)
            if found is not None:
                return found
        return None

    def is_held(self, address: Address, contact: Contact) -> bool:
        """Whether the contact has this address; ContactPointTaken where another has."""
        point = self.points.get(address)
        if point is None or point.contact_id is None:
            return False
        if point.contact_id != contact.id:
            raise ContactPointTaken(field=_field_of(address))
        return point.state == PointState.ACTIVE

    def arrival(self, row: Values) -> Arrival:
        """The contact to be; DomainError for what is missing, taken or out of reach."""
        require_filled(row.values, "name")
        if row.values.get("number") in self.out_of_reach | self.by_number.keys():
            raise NumberTaken(field="number")
        held = {address: self.points[address] for address in addresses(row) if address in self.points}
        for address, point in held.items():
            if point.contact_id is not None:
                raise ContactPointTaken(field=_field_of(address))
        place = self.territory(row.values["territory"]) if "territory" in row.values else None
        account_id = self._account(row, place)
        return Arrival(
            name=row.values["name"],
            account_id=account_id,
            territory_id=None if account_id else territories.for_new(self.session, self.actor, place),
            account_facts={name: row.values.get(name) for name in (*OF_ACCOUNT, "locale", "timezone")},
            facts={name: row.values[name] for name in OWN if name != "name" and name in row.values}
            | {"custom": values.merged(self.defined, row.values.get("custom", {}), None)},
            addresses=[address for address in addresses(row) if address not in held],
            adopted=list(held.values()),
        )

    def territory(self, name: str) -> UUID:
        """The id of a territory within reach by its name; raises TerritoryUnknown."""
        if name not in self.territories:
            query = territories.territories_of(self.actor).where(Territory.name == name)
            if (found := self.session.scalar(query)) is None:
                raise TerritoryUnknown(field="territory")
            self.territories[name] = found.id
        return self.territories[name]

    def company(self, row: Values) -> UUID | None:
        """The company that an arrival's row named; None for a private person."""
        return self.accounts.get((row.values.get("account_number"), row.values.get("account")))

    def _account(self, row: Values, place: UUID | None) -> UUID | None:
        """The company that the row names, made if nobody knows it; None for a private person."""
        number, name = row.values.get("account_number"), row.values.get("account")
        if number is None and name is None:
            return None
        if (number, name) not in self.accounts:
            query = accounts.accounts_of(self.actor).where(Account.kind == AccountKind.COMPANY.value)
            by = Account.number == number if number is not None else Account.name == name
            found = self.session.scalar(query.where(by).order_by(Account.id).limit(1))
            if found is None:
                if name is None:
                    raise AccountUnknown(field="account_number")
                facts: dict[str, Any] = {key: row.values.get(key) for key in OF_ACCOUNT}
                found = accounts.create(self.session, self.actor, name=name, number=number, territory_id=place, **facts)
                self.made[found.id] = found
            self.accounts[number, name] = found.id
        return self.accounts[number, name]


def _points(session: Session, wanted: Collection[Address]) -> list[ContactPoint]:
    """The points at these addresses, a query per channel: for a list of pairs no planner takes the index by itself."""
    found: list[ContactPoint] = []
    for channel in sorted({channel for channel, _ in wanted}):
        these = ContactPoint.address.in_([address for one, address in wanted if one == channel])
        found += session.scalars(select(ContactPoint).where(ContactPoint.channel == channel, these))
    return found


def _field_of(address: Address) -> str:
    return next(name for name, channel in CHANNELS.items() if channel == address[0])
