"""Merge contacts into one person, and take them apart again.

No row of either contact is touched, apart from the group that both bear: what the person has is what the contacts of
the group have. The merges in force form a forest (a contact stands below at most one other), and the groups follow
from it; undoing one merge takes one edge out, in whatever order.
"""

from collections.abc import Collection, Iterable
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.contacts import service as contacts
from mcrm.contacts.errors import ContactUnknown
from mcrm.contacts.models import Contact, ContactMerge
from mcrm.duplicates.errors import AlreadyMerged, MergedOutOfReach, NotMerged, SameContact
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About


def merge(session: Session, actor: Actor, contact: Contact, other_id: UUID) -> Contact:
    """Make two contacts within reach one person; the contact that survives is the head of the first one's group.

    Raises SameContact, ContactUnknown, ContactErased, AlreadyMerged, and MergedOutOfReach where the head of either
    group is out of the actor's reach.
    """
    if contact.id == other_id:
        raise SameContact(field="other_id")
    other = contacts.reachable(session, actor, other_id, field="other_id")
    members = _held(session, [contact.id, other.id])
    for one in (contact, other):  # whoever was joined to a forgotten person would be forgotten with them
        contacts.hold(session, one.id)
    survivor, merged = (members[one.group_id or one.id] for one in (members[contact.id], members[other.id]))
    if survivor is merged:
        raise AlreadyMerged
    _check_reach(session, actor, [survivor, merged])
    session.add(ContactMerge(survivor_id=survivor.id, other_id=merged.id, merged_by=actor.label))
    groups = {survivor.group_id, merged.group_id} - {None}
    for member in members.values():
        if member in (survivor, merged) or member.group_id in groups:
            member.group_id = survivor.id
    session.flush()
    _log(session, actor, Kind.CONTACT_MERGED, survivor, merged)
    return survivor


def unmerge(session: Session, actor: Actor, contact: Contact, other_id: UUID | None = None) -> Contact:
    """Undo the newest merge of this person, or the newest in which `other_id` took part; the contact as it is then.

    Everything is as it would be without that merge; what was changed in the meantime stays with the contact it was
    changed on. Raises NotMerged, ContactUnknown for another one out of reach, and MergedOutOfReach where the merge
    joined contacts of whom one is out of the actor's reach.
    """
    members = _held(session, [contact.id])
    in_force = select(ContactMerge).where(ContactMerge.undone_at.is_(None), ContactMerge.other_id.in_(members))
    wanted = in_force
    if other_id is not None:
        other = contacts.reachable(session, actor, other_id, field="other_id")
        wanted = in_force.where(or_(ContactMerge.survivor_id == other.id, ContactMerge.other_id == other.id))
    edge = session.scalar(wanted.order_by(ContactMerge.created_at.desc(), ContactMerge.id.desc()).limit(1))
    if edge is None:
        raise NotMerged
    survivor, merged = members[edge.survivor_id], members[edge.other_id]
    _check_reach(session, actor, [survivor, merged])
    edge.undone_at = clock.now()
    session.flush()
    heads = heads_of(members, {one.other_id: one.survivor_id for one in session.scalars(in_force)})
    sizes = list(heads.values())
    for member in members.values():
        head = heads[member.id]
        group = head if sizes.count(head) > 1 else None
        if member.group_id != group:
            member.group_id = group
    session.flush()
    _log(session, actor, Kind.CONTACT_UNMERGED, survivor, merged)
    return members[contact.id]


def heads_of(ids: Iterable[UUID], above: dict[UUID, UUID]) -> dict[UUID, UUID]:
    """Each id to the highest that it stands below, itself if below none; `above` is a forest."""
    heads: dict[UUID, UUID] = {}
    for id_ in ids:
        head = id_
        while head in above:
            head = above[head]
        heads[id_] = head
    return heads


def _held(session: Session, ids: Collection[UUID]) -> dict[UUID, Contact]:
    """These contacts and all of their groups, locked in one order, as they are now.

    Two merges of the same people wait for each other here; whoever comes second sees what the first one did. Which rows
    a select finds is decided before it waits for them, so it is asked again until it finds none that is not held.
    """
    wanted, held = set(ids), set[UUID]()
    while True:
        groups = select(Contact.group_id).where(Contact.id.in_(wanted), Contact.group_id.is_not(None))
        query = select(Contact).where(or_(Contact.id.in_(wanted), Contact.group_id.in_(groups))).order_by(Contact.id)
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
        found = {contact.id: contact for contact in session.scalars(query)}
        if not wanted <= found.keys():
            raise ContactUnknown
        if found.keys() == held:
            return found
        held = set(found)
        wanted = held | {one.group_id for one in found.values() if one.group_id is not None}


def _check_reach(session: Session, actor: Actor, heads: Collection[Contact]) -> None:
    ids = {one.id for one in heads}
    seen = contacts.contacts_of(actor).where(Contact.id.in_(ids)).with_only_columns(Contact.id)
    if set(session.scalars(seen)) != ids:
        raise MergedOutOfReach


def _log(session: Session, actor: Actor, kind: Kind, survivor: Contact, merged: Contact) -> None:
    """On both timelines, so that each tells it after they are apart again."""
    for one, other in ((survivor, merged), (merged, survivor)):
        about = About(contact_id=one.id, account_id=one.account_id, subject=("contact", other.id))
        log.append(session, actor, kind, about=about, payload={"survivor_id": str(survivor.id)})
