"""Find people that look like one, in bounded work: only those are compared that share a mark.

Marks stand among the search keys (`=p:` a phone's last digits, `=m:` a mail box, `=n:` the words of a name, `=z:` a
postcode). One that very many share tells nothing, and is passed over.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.addresses.models import Address
from mcrm.contacts.models import Contact, ContactPoint, PointChannel, PointState
from mcrm.contacts.searching import people_of
from mcrm.contacts.service import contacts_of
from mcrm.duplicates.likeness import LISTED_FROM, Likeness, Traits, compare
from mcrm.duplicates.models import DuplicateDismissal
from mcrm.lookup.models import SearchKey
from mcrm.lookup.words import mail_keys, phone_keys, postcode_keys, same_name_keys, words_of

MOST_SHARING = 50  # a mark that more share is of a call centre, a tower block, a very common name
MOST_SHOWN = 20  # that look like one person
WINDOW = 200  # people looked at by one step of the list over all
MOST_STEPS = 5
People = Mapping[UUID, Contact]
"""The contact to show for each person, by the person's id: that of the group, or the contact's own."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two people that look like one; `one` is the older contact."""

    one: Contact
    other: Contact
    score: int
    reasons: Sequence[str]


def duplicates_of(session: Session, actor: Actor, contact: Contact) -> list[Duplicate]:
    """The people within reach that look like this one, the likeliest first, at most twenty."""
    return _alike(session, actor, _by_person([contact]))[_person(contact)][:MOST_SHOWN]


def all_duplicates(
    session: Session, actor: Actor, *, after: UUID | None, limit: int
) -> tuple[list[Duplicate], UUID | None]:
    """Pairs within reach, by the older contact, and where to go on; None when all people were looked at.

    At most a thousand people are looked at, so that a page may hold few pairs, or none, and not be the last.
    """
    found: list[Duplicate] = []
    for _ in range(MOST_STEPS):
        query = people_of(actor).where(Contact.erased_at.is_(None)).order_by(Contact.id).limit(WINDOW)
        page = session.scalars(query.where(Contact.id > after) if after else query).all()
        alike = _alike(session, actor, _by_person(page))
        for contact in page:
            pairs = [pair for pair in alike[_person(contact)] if pair.one is contact][:MOST_SHOWN]
            if found and len(found) + len(pairs) > limit:
                return found, after
            found += pairs[:limit]
            after = contact.id
        if len(page) < WINDOW:
            return found, None
    return found, after


def _alike(session: Session, actor: Actor, mine: People) -> dict[UUID, list[Duplicate]]:
    """For each person those that look like it, the likeliest first."""
    traits = _traits(session, actor, mine)
    sharing = _sharing(session, {mark for one in traits.values() for mark in _marks(one)})
    others = _people(session, actor, {id_ for ids in sharing.values() for id_ in ids})
    members = _members(session, actor, others)
    traits |= _traits(session, actor, {id_: contact for id_, contact in others.items() if id_ not in traits})
    dismissed = _dismissed(session, [contact.id for contact in mine.values()])
    found: dict[UUID, list[Duplicate]] = {}
    for person_id, contact in mine.items():
        candidates = {members.get(id_) for mark in _marks(traits[person_id]) for id_ in sharing.get(mark, ())}
        pairs = []
        for other_id in candidates - {person_id, None}:
            assert other_id is not None
            likeness = compare(traits[person_id], traits[other_id])
            one, other = sorted((contact, others[other_id]), key=lambda each: each.id)
            if likeness.score >= LISTED_FROM and (one.id, other.id) not in dismissed:
                pairs.append(_duplicate(one, other, likeness))
        found[person_id] = sorted(pairs, key=lambda pair: (-pair.score, pair.one.id, pair.other.id))
    return found


def _duplicate(one: Contact, other: Contact, likeness: Likeness) -> Duplicate:
    return Duplicate(one, other, likeness.score, likeness.reasons)


def _person(contact: Contact) -> UUID:
    return contact.group_id or contact.id


def _by_person(contacts: Iterable[Contact]) -> dict[UUID, Contact]:
    people: dict[UUID, Contact] = {}
    for contact in contacts:
        people.setdefault(_person(contact), contact)
    return people


def _people(session: Session, actor: Actor, contact_ids: Collection[UUID]) -> People:
    """The people within reach that these contacts are."""
    within_reach = contacts_of(actor).where(Contact.id.in_(contact_ids), Contact.erased_at.is_(None))
    rows = session.execute(within_reach.with_only_columns(Contact.id, Contact.group_id))
    ids = {group_id or id_ for id_, group_id in rows}
    return _by_person(session.scalars(people_of(actor).where(or_(Contact.id.in_(ids), Contact.group_id.in_(ids)))))


def _members(session: Session, actor: Actor, people: People) -> dict[UUID, UUID]:
    """Each contact within reach that is one of these people, to the person."""
    of_these = or_(Contact.id.in_(people), Contact.group_id.in_(people))
    query = contacts_of(actor).where(of_these).with_only_columns(Contact.id, Contact.group_id)
    return {id_: group_id or id_ for id_, group_id in session.execute(query)}


def _traits(session: Session, actor: Actor, people: People) -> dict[UUID, Traits]:
    """What is compared, of everything that the contacts of each person have."""
    members = _members(session, actor, people)
    phones: dict[UUID, set[str]] = {person: set() for person in people}
    mails: dict[UUID, set[str]] = {person: set() for person in people}
    postcodes: dict[UUID, set[str]] = {person: set() for person in people}
    addresses: dict[UUID, set[str]] = {person: set() for person in people}
    living = ContactPoint.state != PointState.REMOVED.value
    points = select(ContactPoint.contact_id, ContactPoint.channel, ContactPoint.address)
    for owner, channel, address in session.execute(points.where(ContactPoint.contact_id.in_(members), living)):
        if owner is not None and channel == PointChannel.SMS:
            phones[members[owner]] |= _only("=p:", phone_keys(address))
        elif owner is not None and channel == PointChannel.EMAIL:
            mails[members[owner]] |= _only("=m:", mail_keys(address))
    places = select(Address.contact_id, Address.country, Address.postcode, Address.lines)
    for contact_id, country, postcode, lines in session.execute(places.where(Address.contact_id.in_(members))):
        codes = postcode_keys(country, postcode)
        assert contact_id is not None
        postcodes[members[contact_id]] |= codes
        addresses[members[contact_id]] |= {f"{code} {' '.join(words_of(lines[0]))}" for code in codes}
    return {
        person: Traits(contact.name, phones[person], mails[person], postcodes[person], addresses[person])
        for person, contact in people.items()
    }


def _only(prefix: str, keys: Iterable[str]) -> set[str]:
    return {key for key in keys if key.startswith(prefix)}


def _marks(traits: Traits) -> set[str]:
    return {*traits.phones, *traits.mails, *traits.postcodes, *same_name_keys(traits.name)}


def _sharing(session: Session, marks: Collection[str]) -> dict[str, list[UUID]]:
    """Each mark that a few share to the contacts that do."""
    found: dict[str, list[UUID]] = {}
    for prefixes, table, owners in (
        (("=n:",), "contacts", select(SearchKey.key, SearchKey.row_id)),
        (
            ("=p:", "=m:"),
            "contact_points",
            select(SearchKey.key, ContactPoint.contact_id).join(ContactPoint, ContactPoint.id == SearchKey.row_id),
        ),
        (
            ("=z:",),
            "addresses",
            select(SearchKey.key, Address.contact_id).join(Address, Address.id == SearchKey.row_id),
        ),
    ):
        wanted = [mark for mark in marks if mark.startswith(prefixes)]
        telling = session.scalars(_telling(table, wanted)).all()
        for mark, contact_id in session.execute(owners.where(_is(table), SearchKey.key.in_(telling))):
            if contact_id is not None:
                found.setdefault(mark, []).append(contact_id)
    return found


def _telling(table: str, marks: Collection[str]) -> Select[str]:
    """Those of the marks that more than one row has, and not too many: counted in the index."""
    rows = select(SearchKey.key).where(_is(table), SearchKey.key.in_(marks)).group_by(SearchKey.key)
    return rows.having(func.count().between(2, MOST_SHARING))


def _is(table: str) -> ColumnElement[bool]:
    return SearchKey.table_name == table


def _dismissed(session: Session, contact_ids: Collection[UUID]) -> set[tuple[UUID, UUID]]:
    """Pairs of which somebody said that they are two people; the smaller id first."""
    pairs = select(DuplicateDismissal.one_id, DuplicateDismissal.other_id).where(
        or_(DuplicateDismissal.one_id.in_(contact_ids), DuplicateDismissal.other_id.in_(contact_ids))
    )
    return {(one_id, other_id) for one_id, other_id in session.execute(pairs)}
