"""What hangs on a contact of a row: its tags, and the default address of each kind."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, cast
from uuid import UUID

from sqlalchemy import Table, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.addresses import service as addresses
from mcrm.addresses.countries import check_country, spelt
from mcrm.addresses.models import Address, AddressKind
from mcrm.bulk.cells import unfit
from mcrm.bulk.rows import PLACE_PARTS, Values
from mcrm.contacts.models import Contact
from mcrm.errors import DomainError
from mcrm.ids import new_id
from mcrm.inserting import insert_many
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.lookup.keeping import index_rows
from mcrm.tags import service as tags
from mcrm.tags.errors import TooManyTags
from mcrm.tags.models import ContactTag, Tag
from mcrm.transaction import insert_once, insert_rows

NEEDED = ("lines", "city", "country")
Place = dict[str, Any]


COLUMNS = frozenset({"tags", *(f"{kind}_{part}" for kind in AddressKind for part in PLACE_PARTS)})


def named(row: Values) -> bool:
    """Whether the row says anything of tags or addresses."""
    return not COLUMNS.isdisjoint(row.values)


def cells_of(row: Values, kind: AddressKind) -> Place:
    """The parts of an address that a row names; an address without a country lies in that of the row."""
    found = {part: row.values[f"{kind}_{part}"] for part in PLACE_PARTS if f"{kind}_{part}" in row.values}
    found = {part: list(value) if part == "lines" else value for part, value in found.items()}
    return {"country": row.values["country"], **found} if found and "country" in row.values else found


def new_places(row: Values) -> dict[AddressKind, Place]:
    """The whole addresses of a new contact; raises RowUnfit, CountryUnknown, PostcodeInvalid, naming the column."""
    if not named(row):
        return {}
    return {kind: _whole(kind, cells) for kind in AddressKind if (cells := cells_of(row, kind))}


def check_tags(row: Values) -> None:
    """Raise TooManyTags for a new contact with more than one may have."""
    if len(row.values.get("tags", ())) > tags.MOST:
        raise TooManyTags(field="tags")


def _whole(kind: AddressKind, cells: Place) -> Place:
    for part in NEEDED:
        if part not in cells:
            error = unfit("An address has lines, a city and a country.", "missing")
            error.field = f"{kind}_{part}"
            raise error
    place: Place = {**dict.fromkeys(PLACE_PARTS), **cells}
    try:
        check_country(place["country"])
        place["postcode"] = spelt(place["country"], place["postcode"])
    except DomainError as error:
        error.field = f"{kind}_{error.field}"
        raise
    return place


class Held:
    """The tags and default addresses that contacts have, looked up once for all of them."""

    def __init__(self, session: Session, contact_ids: Collection[UUID]) -> None:
        """None of them asks the database anything later."""
        self._tags: defaultdict[UUID, set[str]] = defaultdict(set)
        self._places: dict[tuple[UUID | None, str], Address] = {}
        if not contact_ids:
            return
        put = select(ContactTag.contact_id, Tag.name).join(Tag, Tag.id == ContactTag.tag_id)
        for contact_id, name in session.execute(put.where(ContactTag.contact_id.in_(contact_ids))):
            self._tags[contact_id].add(name)
        places = select(Address).where(Address.contact_id.in_(contact_ids), Address.is_default)
        self._places = {(one.contact_id, one.kind): one for one in session.scalars(places)}

    def missing(self, contact: Contact, row: Values) -> list[str]:
        """The row's tags that the contact has not."""
        return [name for name in row.values.get("tags", ()) if name not in self._tags[contact.id]]

    def place(self, contact: Contact, kind: AddressKind) -> Address | None:
        """The contact's default address of a kind."""
        return self._places.get((contact.id, kind.value))

    def differing(self, contact: Contact, row: Values) -> dict[AddressKind, Place]:
        """What the row says otherwise of the contact's default addresses, or all of one that the contact has not."""
        found: dict[AddressKind, Place] = {}
        if not named(row):
            return found
        for kind in AddressKind:
            if not (cells := cells_of(row, kind)):
                continue
            if (address := self.place(contact, kind)) is None:
                found[kind] = _whole(kind, cells)
                continue
            if f"{kind}_country" not in row.values:
                cells.pop("country", None)
            before = {part: getattr(address, part) for part in PLACE_PARTS}
            after = _whole(kind, before | cells)
            if changed := {part: after[part] for part in PLACE_PARTS if after[part] != before[part]}:
                found[kind] = changed
        return found


def change(
    session: Session, actor: Actor, held: Held, contact: Contact, new_tags: Sequence[str], places: Mapping[Any, Place]
) -> dict[str, Any]:
    """Put tags on and addresses right by the ordinary use cases; what taking it back needs."""
    known = set(session.scalars(select(Tag.name).where(Tag.name.in_(new_tags)))) if new_tags else set()
    for name in new_tags:
        tags.put_on(session, actor, contact, name)
    put = {name: id_ for id_, name in session.execute(select(Tag.id, Tag.name).where(Tag.name.in_(new_tags)))}
    made, moved = [], []
    for kind, place in places.items():
        if (address := held.place(contact, kind)) is None:
            address = addresses.add(session, actor, contact, kind=kind, is_default=False, **place)
            made.append([str(address.id), address.rev])
        else:
            before = {part: getattr(address, part) for part in place}
            addresses.change(session, actor, contact, address, dict(place))
            moved.append([str(address.id), {part: [before[part], place[part]] for part in place}])
    return {
        "tags": [[str(put[name]), name not in known] for name in new_tags],
        "places": made,
        "moved": moved,
    }


def give(session: Session, actor: Actor, new: Sequence[tuple[Values, UUID, UUID]]) -> list[dict[str, Any]]:
    """Tags and addresses of new contacts (row, contact, account), many at a time; what taking back each needs."""
    known = _tag_ids(session, (name for row, _, _ in new for name in row.values.get("tags", ())))
    put: list[dict[str, Any]] = []
    places: list[dict[str, Any]] = []
    undo: list[dict[str, Any]] = []
    now = clock.now()
    for row, contact_id, account_id in new:
        names = row.values.get("tags", ())
        put += [
            {"id": new_id(), "created_at": now, "contact_id": contact_id, "tag_id": known[name][0]} for name in names
        ]
        own = [_address_row(kind, place, contact_id) for kind, place in new_places(row).items()]
        places += own
        undo.append({"tags": [[str(known[name][0]), known[name][1]] for name in names]})
        undo[-1]["places"] = [[str(one["id"]), 1] for one in own]
        _log(session, actor, contact_id, account_id, names, own)
    insert_many(session.connection(), cast(Table, ContactTag.__table__), put)
    insert_rows(session, Address, places)
    index_rows(session, Address, places)
    return undo


def claim(undo: Iterable[dict[str, Any]]) -> None:
    """Of the rows that share a tag made here the first one, which is taken back last, takes the tag along."""
    put = [entry for facts in undo for entry in facts.get("tags", ())]
    made = {tag_id for tag_id, is_new in put if is_new}
    for entry in put:
        entry[1] = entry[0] in made
        made.discard(entry[0])


def _address_row(kind: AddressKind, place: Place, contact_id: UUID) -> dict[str, Any]:
    now = clock.now()
    head = {"id": new_id(), "rev": 1, "created_at": now, "updated_at": now, "kind": kind.value, "is_default": True}
    return head | {"contact_id": contact_id, "account_id": None} | place


def _log(
    session: Session, actor: Actor, contact_id: UUID, account_id: UUID, names: Iterable[str], places: list[Place]
) -> None:
    for name in names:
        log.append(session, actor, Kind.TAG_ADDED, about=About(contact_id, account_id), payload={"tag": name})
    for place in places:
        about = About(contact_id, account_id, subject=("address", place["id"]))
        log.append(session, actor, Kind.ADDRESS_ADDED, about=about, payload={"kind": place["kind"]})


def _tag_ids(session: Session, names: Iterable[str]) -> dict[str, tuple[UUID, bool]]:
    """Ids by name, and whether the tag was made here."""
    wanted = set(names)
    if not wanted:
        return {}
    query = select(Tag.name, Tag.id).where(Tag.name.in_(wanted))
    found = {name: (id_, False) for name, id_ in session.execute(query)}
    for name in sorted(wanted - found.keys()):
        row = insert_once(session, Tag, {"id": new_id(), "created_at": clock.now(), "name": name}, unique=["name"])
        found[name] = (row.id, True) if row else (session.scalars(select(Tag.id).filter_by(name=name)).one(), False)
    return found
