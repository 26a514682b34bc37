"""Use cases of opportunities: opened, changed, moved through the pipeline, won, lost, reopened."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.accounts import service as accounts
from mcrm.accounts.models import Account
from mcrm.actors import Actor, Role
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact
from mcrm.editing import edit
from mcrm.ids import new_id
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.opportunities import pipeline, reasons, states
from mcrm.opportunities.errors import (
    CurrencyNeeded,
    IllegalOpportunityMove,
    LossReasonNeeded,
    OpportunityUnknown,
    OrderCounted,
    OtherAccounts,
    OwnerUnfit,
)
from mcrm.opportunities.models import Opportunity, PipelineStage, StageEntry, StageKind
from mcrm.opportunities.states import OpportunityMove
from mcrm.orders import service as orders
from mcrm.products.models import PriceList
from mcrm.quotes import service as quotes
from mcrm.territories import members

TABLE = Opportunity.__table__
LONGEST_NAME = 200


def within_reach(query: Select[Any], actor: Actor) -> Select[Any]:
    """A select of opportunities, or of columns of them, narrowed to accounts of the actor's territories."""
    if actor.sees_all:
        return query
    table = Account.__table__
    mine = table.c.territory_id.in_(actor.territory_ids)
    return query.join_from(TABLE, table, table.c.id == TABLE.c.account_id).where(mine)


def reachable(session: Session, actor: Actor, opportunity_id: UUID, *, lock: bool = False) -> Opportunity:
    """The opportunity; raises OpportunityUnknown for unknown and foreign ids alike."""
    query: Select[Opportunity] = within_reach(select(Opportunity), actor).where(Opportunity.id == opportunity_id)
    if lock:
        query = query.with_for_update(of=Opportunity).execution_options(populate_existing=True)
    if (found := session.scalar(query)) is None:
        raise OpportunityUnknown()
    return found


def begin(
    session: Session,
    actor: Actor,
    *,
    account_id: UUID,
    name: str,
    contact_id: UUID | None = None,
    owner_id: UUID | None = None,
    stage: str | None = None,
    amount: int = 0,
    currency: str | None = None,
    closes_on: date | None = None,
    id: UUID | None = None,
    created_at: datetime | None = None,
) -> Opportunity:
    """A possible sale to an account within reach, in an open stage (the first unless one is named).

    It is the acting rep's unless somebody else is named. An `id` from a device that is stored already returns what
    stands there. Raises AccountUnknown, ContactUnknown, OtherAccounts, StageUnknown, IllegalOpportunityMove,
    OwnerUnfit, CurrencyNeeded.
    """
    if id is not None and (known := session.get(Opportunity, id)) is not None:
        return reachable(session, actor, known.id)
    account = accounts.reachable(session, actor, account_id, field="account_id")
    if contact_id is not None:
        _check_contact(session, actor, account, contact_id)
    into = pipeline.first(session) if stage is None else pipeline.named(session, stage)
    if into.kind != StageKind.OPEN:
        raise IllegalOpportunityMove("An opportunity begins in an open stage.", field="stage")
    if owner_id is None and actor.role is Role.REP:
        owner_id = actor.id
    _check_owner(session, account, owner_id)
    now = clock.now()
    made = Opportunity(
        id=id or new_id(),
        created_at=created_at or now,
        name=name,
        account_id=account.id,
        contact_id=contact_id,
        owner_id=owner_id,
        stage=into.key,
        stage_since=now,
        amount=amount,
        currency=currency or usual_currency(session),
        closes_on=closes_on,
    )
    session.add(made)
    session.flush()
    session.add(StageEntry(opportunity_id=made.id, stage=made.stage, entered_at=now, moved_by=actor.label))
    trace(session, actor, Kind.OPPORTUNITY_OPENED, made, stage=made.stage, amount=amount, currency=made.currency)
    return made


def change(session: Session, actor: Actor, found: Opportunity, changes: dict[str, Any]) -> Opportunity:
    """Change what people may edit of an opportunity; its stage moves by `move` alone.

    Raises OtherAccounts, ContactUnknown, OwnerUnfit.
    """
    account = session.get_one(Account, found.account_id)
    if (contact_id := changes.get("contact_id")) is not None:
        _check_contact(session, actor, account, contact_id)
    if "owner_id" in changes:
        _check_owner(session, account, changes["owner_id"])
    if changed := edit(found, changes):
        session.flush()
        trace(session, actor, Kind.OPPORTUNITY_CHANGED, found, changed=changed)
    return found


def move(
    session: Session,
    actor: Actor,
    found: Opportunity,
    *,
    stage: str,
    reason: str | None = None,
    detail: str | None = None,
    order_id: UUID | None = None,
    quote_id: UUID | None = None,
) -> Opportunity:
    """Bring a locked opportunity into another stage; into the one where it stands, nothing happens.

    Raises StageUnknown, IllegalOpportunityMove, LossReasonNeeded, LossReasonUnknown, OrderUnknown, QuoteUnknown,
    OtherAccounts.
    """
    into = pipeline.named(session, stage)
    if into.key == found.stage:
        return found
    step = states.towards(into.kind)
    states.after(pipeline.named(session, found.stage).kind, step)
    if step is OpportunityMove.LOSE:
        if reason is None:
            raise LossReasonNeeded(field="reason")
        reasons.require(session, reason, field="reason")
        found.loss_reason, found.loss_detail = reason, detail
    if step is OpportunityMove.WIN:
        found.order_id, found.quote_id = _sold(session, actor, found, order_id, quote_id)
    kinds = {
        OpportunityMove.ADVANCE: Kind.OPPORTUNITY_MOVED,
        OpportunityMove.WIN: Kind.OPPORTUNITY_WON,
        OpportunityMove.LOSE: Kind.OPPORTUNITY_LOST,
    }
    _enter(session, actor, found, into, kinds[step], reason=reason)
    return found


def win(session: Session, actor: Actor, *, opportunity_id: UUID, **facts: Any) -> Opportunity:
    """It is sold; `facts` may name the order or the quote of the same account. Raises what `move` raises."""
    found = reachable(session, actor, opportunity_id, lock=True)
    states.after(pipeline.named(session, found.stage).kind, OpportunityMove.WIN)
    return move(session, actor, found, stage=pipeline.end(session, StageKind.WON).key, **facts)


def lose(
    session: Session, actor: Actor, *, opportunity_id: UUID, reason: str, detail: str | None = None
) -> Opportunity:
    """Nothing comes of it. Raises what `move` raises."""
    found = reachable(session, actor, opportunity_id, lock=True)
    states.after(pipeline.named(session, found.stage).kind, OpportunityMove.LOSE)
    return move(session, actor, found, stage=pipeline.end(session, StageKind.LOST).key, reason=reason, detail=detail)


def reopen(session: Session, actor: Actor, *, opportunity_id: UUID, stage: str | None = None) -> Opportunity:
    """It is open again: in the open stage where it last stood, or in the one named.

    Raises OpportunityUnknown, StageUnknown, IllegalOpportunityMove.
    """
    found = reachable(session, actor, opportunity_id, lock=True)
    states.after(pipeline.named(session, found.stage).kind, OpportunityMove.REOPEN)
    into = _last_open(session, found) if stage is None else pipeline.named(session, stage)
    if into.kind != StageKind.OPEN:
        raise IllegalOpportunityMove("It is reopened into an open stage.", field="stage")
    found.loss_reason = found.loss_detail = found.order_id = found.quote_id = None
    _enter(session, actor, found, into, Kind.OPPORTUNITY_REOPENED)
    return found


def history(session: Session, opportunity_id: UUID) -> list[StageEntry]:
    """The stages that an opportunity has been in, in their order."""
    query = select(StageEntry).where(StageEntry.opportunity_id == opportunity_id)
    return list(session.scalars(query.order_by(StageEntry.id)))


def usual_currency(session: Session) -> str:
    """The currency of the oldest price list: what the business sells in; raises CurrencyNeeded where there is none."""
    found = session.scalar(select(PriceList.currency).order_by(PriceList.id).limit(1))
    if found is None:
        raise CurrencyNeeded(field="currency")
    return found


def _last_open(session: Session, found: Opportunity) -> PipelineStage:
    """The open stage where it last stood, if the pipeline still has it, else the first."""
    query = (
        select(PipelineStage)
        .join(StageEntry, StageEntry.stage == PipelineStage.key)
        .where(StageEntry.opportunity_id == found.id, PipelineStage.kind == StageKind.OPEN.value)
        .order_by(StageEntry.id.desc())
        .limit(1)
    )
    return session.scalar(query) or pipeline.first(session)


def _enter(session: Session, actor: Actor, found: Opportunity, into: PipelineStage, kind: Kind, **facts: Any) -> None:
    now, left, expected = clock.now(), found.stage, found.closes_on
    stay = select(StageEntry).where(StageEntry.opportunity_id == found.id, StageEntry.left_at.is_(None))
    for entry in session.scalars(stay):
        entry.left_at = now
    found.stage, found.stage_since = into.key, now
    found.closed_at = None if into.kind == StageKind.OPEN else now
    if found.closed_at is not None:
        found.closes_on = now.date()
        facts["expected_on"] = expected and expected.isoformat()
    session.add(StageEntry(opportunity_id=found.id, stage=into.key, entered_at=now, moved_by=actor.label))
    trace(session, actor, kind, found, stages=[left, into.key], **facts)


def _sold(
    session: Session, actor: Actor, found: Opportunity, order_id: UUID | None, quote_id: UUID | None
) -> tuple[UUID | None, UUID | None]:
    """Both ids, once it is sure that both are of the same account, and that the order has won no other opportunity.

    The order of an accepted quote is its own.
    """
    if quote_id is not None:
        quote = quotes.reachable(session, actor, quote_id)
        order_id = order_id or quote.order_id
        if quote.account_id != found.account_id:
            raise OtherAccounts(field="quote_id")
    if order_id is not None:
        if orders.reachable(session, actor, order_id, lock=True).account_id != found.account_id:
            raise OtherAccounts(field="order_id")
        other = select(Opportunity.id).where(Opportunity.order_id == order_id, Opportunity.id != found.id).limit(1)
        if session.scalar(other) is not None:  # its amount would count twice in what was won
            raise OrderCounted(field="order_id")
    return order_id, quote_id


def _check_contact(session: Session, actor: Actor, account: Account, contact_id: UUID) -> None:
    contact: Contact = contacts.reachable(session, actor, contact_id, field="contact_id")
    contacts.hold(session, contact.id)
    if contact.account_id != account.id:
        raise OtherAccounts(field="contact_id")


def _check_owner(session: Session, account: Account, owner_id: UUID | None) -> None:
    if owner_id is not None and not members.may_see(session, owner_id, account.territory_id):
        raise OwnerUnfit(field="owner_id")


def trace(session: Session, actor: Actor, kind: Kind, found: Opportunity, **facts: Any) -> None:
    """Flush, and append a fact about the opportunity."""
    session.flush()
    about = About(contact_id=found.contact_id, account_id=found.account_id, subject=("opportunity", found.id))
    log.append(session, actor, kind, about=about, payload={n: value for n, value in facts.items() if value is not None})
