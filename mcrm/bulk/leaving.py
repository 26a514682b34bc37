"""Taking back what an import hung on contacts: tags, addresses, and the companies and tags that it made on the way."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.accounts import service as accounts
from mcrm.accounts.errors import AccountInUse
from mcrm.accounts.models import Account
from mcrm.actors import Actor
from mcrm.addresses import service as addresses
from mcrm.addresses.models import Address
from mcrm.contacts.models import Contact
from mcrm.db import Synced
from mcrm.errors import Conflict, NotFound
from mcrm.tags import service as tags
from mcrm.tags.models import ContactTag, Tag

UNSYNCHRONISED = {"synchronize_session": False}


class Gone(NotFound):
    """What the row made is not there any more."""

    code = "import.gone"


class ChangedSince(Conflict):
    """Somebody changed it since."""

    code = "import.changed-since"


def untouched(session: Session, model: type[Any], row_id: str, rev: int) -> Any:
    """The row as the import left it; raises Gone, ChangedSince."""
    row: Synced | None = session.get(model, UUID(row_id))
    if row is None:
        raise Gone
    if row.rev != rev:
        raise ChangedSince
    return row


def take_off(session: Session, contact: Contact, made: dict[str, Any]) -> None:
    """Take the import's own tags and addresses off a contact that is about to go.

    Raises Gone and ChangedSince for an address that somebody changed. What others put on stays, and keeps the contact.
    """
    held = [untouched(session, Address, *one) for one in made.get("places", ())]
    for address in held:
        session.delete(address)
    own = [UUID(tag_id) for tag_id, _ in made.get("tags", ())]
    if own:
        put = delete(ContactTag).where(ContactTag.contact_id == contact.id, ContactTag.tag_id.in_(own))
        session.execute(put, execution_options=UNSYNCHRONISED)
    session.flush()


def company_goes(session: Session, actor: Actor, made: Sequence[Any] | None) -> bool:
    """Remove the company that the row made; False where somebody changed it or something else hangs on it."""
    if made is None:
        return True
    company: Account | None = session.get(Account, UUID(made[0]))
    if company is None:
        return True
    if company.rev != made[1]:
        return False
    try:
        accounts.remove(session, actor, company)
    except AccountInUse:
        return False
    return True


def tags_go(session: Session, put: Sequence[Sequence[Any]]) -> bool:
    """Forget the tags that the row was the first to use; False where one is on somebody else."""
    gone = True
    for tag_id, was_made in put:
        tag = session.get(Tag, UUID(tag_id)) if was_made else None
        if tag is None:
            continue
        try:
            with session.begin_nested():
                session.delete(tag)
        except IntegrityError:
            gone = False
    return gone


def go_back(session: Session, actor: Actor, contact: Contact, undo: dict[str, Any]) -> int:
    """Take tags off and put addresses back on a contact that stays; how many somebody changed meanwhile."""
    kept = 0
    for tag_id, _ in undo.get("tags", ()):
        if (tag := session.get(Tag, UUID(tag_id))) is not None:
            tags.take_off(session, actor, contact, tag.name)
    tags_go(session, undo.get("tags", ()))
    for address_id, rev in undo.get("places", ()):
        address = session.get(Address, UUID(address_id))
        if address is not None and address.rev == rev:
            addresses.remove(session, actor, contact, address)
        else:
            kept += address is not None
    for address_id, parts in undo.get("moved", ()):
        address = session.get(Address, UUID(address_id))
        if address is None:
            continue
        still = {part: before for part, (before, after) in parts.items() if getattr(address, part) == after}
        addresses.change(session, actor, contact, address, still)
        kept += len(parts) - len(still)
    return kept
