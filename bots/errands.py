"""What flows do in the end: one use case each, in the message's transaction, in a savepoint of its own."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select

from bots.catalogue import Money, Phrase, say
from bots.flowfiles import Flow, flows
from bots.lookups import order_named, returnable
from bots.talk import phrase
from bots.turn import Turn
from mcrm.access import codes
from mcrm.addresses import service as addresses
from mcrm.addresses.models import AddressKind
from mcrm.cases.service import open_case
from mcrm.consents import service as consents
from mcrm.consents.models import ConsentState, Purpose
from mcrm.contacts import points
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact
from mcrm.errors import DomainError, NotAllowed
from mcrm.invoices import links
from mcrm.invoices import service as invoices
from mcrm.invoices.models import Invoice
from mcrm.offers.models import Offer
from mcrm.offers.service import offers_of
from mcrm.orders import cancelling, changing, placing, reordering
from mcrm.orders import service as orders
from mcrm.orders.errors import OrderUnknown
from mcrm.orders.lines import Pieces
from mcrm.orders.models import Order
from mcrm.payments import service as payments
from mcrm.privacy import asking, copying
from mcrm.returns import service as returns
from mcrm.returns.models import Return, ReturnReason, ReturnState

Values = Mapping[str, str]
MOST_OFFERS = 3
NEW_NUMBER = "new-number"


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it: what fills the flow's words, other words than those, and the flow that follows with answers."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    words: str | None = None
    items: Sequence[Phrase] = ()
    next: tuple[str, Values] | None = None


def run(turn: Turn, facts: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """Do what a flow is for; the phrase to say and what belongs to it. Never for less than the flow's level."""
    flow: Flow = flows()[facts["flow"]]
    if turn.level < flow.level:
        raise NotAllowed
    try:
        with turn.session.begin_nested():
            done = ERRANDS[flow.action](turn, facts["values"])
    except DomainError as error:
        return _failed(turn, flow, error)
    return done.words or flow.done, {"facts": dict(done.facts), "items": tuple(done.items), "next": done.next}


def _failed(turn: Turn, flow: Flow, error: DomainError) -> tuple[str, Mapping[str, Any]]:
    """The words for what went wrong; where there are none, a person."""
    if (words := WORDED.get(error.code)) is not None:
        return words.key, {"facts": dict(words.params)}
    if flow.on_fail != "handoff":
        return phrase("form.failed").key, {}
    number = _case(turn, "failed", f"The bot could not do {flow.id}: {error.code}.")
    return phrase("form.handed-over").key, {"facts": {"number": number}}


def _case(turn: Turn, kind: str, summary: str) -> str:
    contact = turn.contact
    case, _ = open_case(
        turn.session,
        turn.actor,
        kind=kind,
        summary=summary,
        contact_id=contact.id if contact else None,
        contact_point_id=turn.point.id,
    )
    return case.number


def _contact(turn: Turn) -> Contact:
    if turn.contact is None:
        raise NotAllowed
    return turn.contact


def _order(turn: Turn, values: Values) -> Order:
    order = order_named(turn.session, turn.actor, values["order"])
    if order is None:
        raise OrderUnknown(number=values["order"])
    return order


def _total(order: Order) -> Money:
    return Money(order.total, order.currency)


def _cancel(turn: Turn, values: Values) -> Done:
    order = cancelling.cancel(turn.session, turn.actor, order_id=_order(turn, values).id, reason="by the customer")
    payments.settle(turn.session, order)
    return Done({"number": order.number})


def _change(turn: Turn, values: Values) -> Done:
    order = orders.reachable(turn.session, turn.actor, _order(turn, values).id, lock=True)
    before = order.total
    wish = changing.Change(quantity=int(values["quantity"]), line_id=UUID(values["line"]))
    changing.change_lines(turn.session, turn.actor, order, [wish])
    if order.total > before:
        invoices.check_covered(turn.session, order)
    payments.settle(turn.session, order)
    return Done({"number": order.number, "total": _total(order)})


def _reorder(turn: Turn, values: Values) -> Done:
    order, _ = reordering.reorder(turn.session, turn.actor, order_id=_order(turn, values).id)
    return Done({"number": order.number, "total": _total(order)})


def _place(turn: Turn, values: Values) -> Done:
    wanted = [placing.Wanted(UUID(values["product"]), int(values["quantity"]))]
    order = placing.place(turn.session, turn.actor, contact_id=_contact(turn).id, lines=wanted)
    return Done({"number": order.number, "total": _total(order)})


def _address(turn: Turn, values: Values) -> Done:
    """The new address is where goods go from now on; the former one stays on file."""
    addresses.add(
        turn.session,
        turn.actor,
        _contact(turn),
        kind=AddressKind.DELIVERY,
        is_default=True,
        name=_contact(turn).name,
        lines=[values["street"]],
        postcode=values["postcode"],
        city=values["city"],
        region=None,
        country=turn.house.region,
    )
    return Done({"address": f"{values['street']}, {values['city']} {values['postcode']}"})


def _refund(turn: Turn, values: Values) -> Done:
    order = _order(turn, values)
    pieces = [Pieces(line_id, quantity) for line_id, quantity in returnable(turn.session, order).items()]
    reason = ReturnReason(values["reason"])
    returns.request(turn.session, turn.actor, order_id=order.id, lines=pieces, reason=reason)
    return Done({"number": order.number})


def _refund_state(turn: Turn, values: Values) -> Done:
    order = _order(turn, values)
    found = turn.session.scalars(select(Return).where(Return.order_id == order.id).order_by(Return.id.desc())).first()
    if found is None:
        return Done({"number": order.number}, words=phrase("refund-state.none").key)
    state = {
        ReturnState.REQUESTED: phrase("refund-state.requested"),
        ReturnState.RECEIVED: phrase("refund-state.received"),
        ReturnState.INSPECTED: phrase("refund-state.inspected"),
        ReturnState.CLOSED: phrase("refund-state.closed"),
        ReturnState.WITHDRAWN: phrase("refund-state.withdrawn"),
    }[ReturnState(found.state)]
    return Done({"number": order.number, "state": state})


def _invoice(turn: Turn, values: Values) -> Done:
    """A link, because a text holds no document; whoever sees it sees the invoice, for an hour."""
    order = _order(turn, values)
    found = invoices.invoices_of(turn.actor).where(Invoice.order_id == order.id).order_by(Invoice.id.desc())
    invoice = turn.session.scalars(found).first()
    if invoice is None:
        return Done({"number": order.number}, words=phrase("invoice.none").key)
    link = f"{turn.house.public_url}/i/{links.token_for(invoice.id)}"
    return Done({"number": invoice.number, "link": link})


def _profile(turn: Turn, values: Values) -> Done:
    if values["field"] == "phone":
        return _new_number(turn, values["phone"])
    contacts.change(turn.session, turn.actor, _contact(turn), {"name": values["name"]})
    return Done({"name": values["name"]})


def _new_number(turn: Turn, number: str) -> Done:
    """A code to the new number; one that is somebody else's gets none, in the same words."""
    point = points.held(turn.session, "sms", number)
    if point.contact_id is None:
        words = Phrase("verify.sms", {"business": turn.house.business_name, "code": "{code}"})
        text = say(words, language=turn.language, region=turn.house.region)
        codes.send_code(turn.session, turn.actor, point=point, purpose=NEW_NUMBER, limits=turn.house.limits, text=text)
    return Done(words=phrase("profile.code-sent").key, next=("new_number", {"phone": number}))


def _confirm_number(turn: Turn, values: Values) -> Done:
    point = points.held(turn.session, "sms", values["phone"])
    verdict = codes.check_code(
        turn.session, turn.actor, point=point, purpose=NEW_NUMBER, code=values["code"], limits=turn.house.limits
    )
    if verdict is codes.Verdict.LOCKED:
        return Done(words=phrase("form.failed").key)
    if verdict is not codes.Verdict.RIGHT:
        return Done(words=phrase("verify.wrong").key, next=("new_number", {"phone": values["phone"]}))
    owner = _contact(turn)
    point = points.add(turn.session, turn.actor, contact=owner, channel="sms", address=point.address)
    points.verify(turn.session, turn.actor, point=point, how="code")
    return Done({"phone": point.address})


def _prefs(turn: Turn, values: Values) -> Done:
    channel, is_wanted = values["channel"], values["wanted"] == "yes"
    consents.decide(
        turn.session,
        turn.actor,
        contact_id=_contact(turn).id,
        channel=channel,
        purpose=Purpose.MARKETING,
        state=ConsentState.GRANTED if is_wanted else ConsentState.WITHDRAWN,
        proof={"words": turn.message.text, "message_id": str(turn.message.id)},
    )
    named = {
        "sms": phrase("prefs.sms"),
        "telegram": phrase("prefs.telegram"),
        "email": phrase("prefs.email"),
        "push": phrase("prefs.push"),
    }[channel]
    return Done({"channel": named}, words=None if is_wanted else phrase("prefs.off-done").key)


def _offers(turn: Turn, values: Values) -> Done:
    query = offers_of(turn.actor).order_by(Offer.id.desc()).limit(MOST_OFFERS)
    found = [phrase("offers.entry", title=offer.title, body=offer.body) for offer in turn.session.scalars(query)]
    return Done(items=found) if found else Done(words=phrase("offers.none").key)


def _complaint(turn: Turn, values: Values) -> Done:
    return Done({"number": _case(turn, "complaint", values["about"])})


def _export(turn: Turn, values: Values) -> Done:
    copying.ask(turn.session, turn.actor, _contact(turn).id, point=turn.point)
    return Done()


def _erasure(turn: Turn, values: Values) -> Done:
    asked = asking.ask(turn.session, turn.actor, _contact(turn).id)
    return Done({"day": asked.due_at})


def _keep(turn: Turn, values: Values) -> Done:
    asking.take_back(turn.session, turn.actor, _contact(turn).id)
    return Done()


ERRANDS: Mapping[str, Callable[[Turn, Values], Done]] = {
    "cancel-order": _cancel,
    "change-order": _change,
    "order-again": _reorder,
    "place-order": _place,
    "add-address": _address,
    "ask-refund": _refund,
    "refund-state": _refund_state,
    "link-invoice": _invoice,
    "change-profile": _profile,
    "confirm-number": _confirm_number,
    "decide-consent": _prefs,
    "show-offers": _offers,
    "complain": _complaint,
    "ask-export": _export,
    "ask-erasure": _erasure,
    "take-back-erasure": _keep,
}

WORDED: Mapping[str, Phrase] = {
    "order.unknown": phrase("form.failed"),
    "order.illegal-move": phrase("error.too-late"),
    "order.partly-shipped": phrase("error.too-late"),
    "order.empty": phrase("error.last-line"),
    "order.out-of-stock": phrase("error.out-of-stock"),
    "product.no-price": phrase("order.not-on-sale"),
    "product.unknown": phrase("order.not-on-sale"),
    "return.nothing-shipped": phrase("error.nothing-shipped"),
    "return.more-than-delivered": phrase("error.not-arrived"),
    "address.too-many": phrase("error.too-many-addresses"),
    "auth.too-many-tries": phrase("verify.soon"),
    "data-copy.too-soon": phrase("export.too-soon"),
    "erasure.unknown": phrase("keep.nothing"),
    "erasure.under-way": phrase("keep.too-late"),
}
"""What the use cases refuse, in the customer's words, by the stable code of the error."""
