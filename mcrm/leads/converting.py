"""Conversion: a lead becomes a contact, an account and an opportunity, once; who is known already is not doubled."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.accounts import service as accounts
from mcrm.accounts.models import AccountKind
from mcrm.actors import Actor
from mcrm.contacts import points
from mcrm.contacts import service as contacts
from mcrm.contacts.errors import ContactUnknown
from mcrm.contacts.models import Contact, ContactPoint, PointChannel
from mcrm.contacts.people import survivor_of
from mcrm.duplicates.finding import Duplicate, duplicates_of
from mcrm.interactions.kinds import Kind
from mcrm.leads import states
from mcrm.leads.errors import KnownElsewhere
from mcrm.leads.models import Lead
from mcrm.leads.service import reachable, stop_clock, trace
from mcrm.leads.states import LeadMove
from mcrm.opportunities import service as opportunities
from mcrm.opportunities.models import Opportunity
from mcrm.territories import members


@dataclass(frozen=True, slots=True)
class Conversion:
    """What became of a lead. `was_known`: the contact was there before; `duplicates`: people who look like it."""

    lead: Lead
    contact: Contact
    opportunity: Opportunity | None
    was_known: bool
    duplicates: Sequence[Duplicate]


def convert(
    session: Session,
    actor: Actor,
    *,
    lead_id: UUID,
    contact_id: UUID | None = None,
    account_id: UUID | None = None,
    opportunity: dict[str, Any] | None = None,
    makes_opportunity: bool = True,
) -> Conversion:
    """Turn an open lead into a contact of an account, with an opportunity unless none is wanted.

    The contact is the one named, else whose phone or mail it is, else a new one; the account the one named, else the
    contact's, else a new one, a company where the lead has one. `opportunity` are facts for `opportunities.begin`. Of
    two conversions at once one waits, and finds it done. Raises LeadUnknown, LeadConverted, IllegalLeadMove,
    KnownElsewhere, ContactUnknown, AccountUnknown, and what an opportunity raises.
    """
    lead = reachable(session, actor, lead_id, lock=True)
    status = states.after(lead.status, LeadMove.CONVERT)
    held = _held_points(session, lead)
    known = _known(session, actor, held, contact_id)
    contact = known or _new_contact(session, actor, lead, account_id)
    for point in held:
        if point.contact_id is None:
            points.add(session, actor, contact=contact, channel=point.channel, address=point.address)
    made = None
    if makes_opportunity:
        made = _opportunity(session, actor, lead, contact, account_id or contact.account_id, opportunity or {})
    lead.status, lead.converted_at = status.value, clock.now()
    lead.contact_id, lead.account_id = contact.id, made.account_id if made else account_id or contact.account_id
    lead.opportunity_id = made.id if made else None
    lead.phone = lead.email = None  # they stand with the contact now, in the one place that erasure reaches
    stop_clock(lead)
    trace(
        session,
        actor,
        Kind.LEAD_CONVERTED,
        lead,
        opportunity_id=made and str(made.id),
        contact="known" if known else "new",
    )
    return Conversion(lead, contact, made, known is not None, duplicates_of(session, actor, contact))


def _held_points(session: Session, lead: Lead) -> list[ContactPoint]:
    """The lead's addresses as contact points, held until the end, so that two leads of one person make one contact."""
    ways = ((PointChannel.SMS.value, lead.phone), (PointChannel.EMAIL.value, lead.email))
    return [points.held(session, channel, address) for channel, address in ways if address is not None]


def _known(session: Session, actor: Actor, held: Sequence[ContactPoint], contact_id: UUID | None) -> Contact | None:
    """The contact that was named, or the one who has an address of the lead's; raises where that is out of reach."""
    if contact_id is not None:
        return contacts.reachable(session, actor, contact_id, field="contact_id")
    for point in held:
        if point.contact_id is not None:
            owner = survivor_of(session, point.contact_id)
            try:
                return contacts.reachable(session, actor, owner.id)
            except ContactUnknown:
                raise KnownElsewhere() from None
    return None


def _new_contact(session: Session, actor: Actor, lead: Lead, account_id: UUID | None) -> Contact:
    if account_id is None and lead.company:
        kind = AccountKind.COMPANY
        account_id = accounts.create(
            session, actor, name=lead.company, kind=kind, territory_id=lead.territory_id, country=lead.country
        ).id
    return contacts.create(session, actor, name=lead.name, account_id=account_id, territory_id=lead.territory_id)


def _opportunity(
    session: Session, actor: Actor, lead: Lead, contact: Contact, account_id: UUID, facts: dict[str, Any]
) -> Opportunity:
    account = accounts.reachable(session, actor, account_id, field="account_id")
    owner_id = lead.owner_id
    if owner_id is not None and not members.may_see(session, owner_id, account.territory_id):
        owner_id = None
    person = contact.id if contact.account_id == account.id else None
    given = {"name": lead.company or lead.name, "owner_id": owner_id} | facts
    return opportunities.begin(session, actor, account_id=account.id, contact_id=person, **given)
