"""STOP and START: end or resume all messages to an address, with the customer's words as proof."""

from typing import Any

from bots import gate
from bots.catalogue import Phrase
from bots.gate import Wish
from bots.talk import Say
from bots.turn import Turn
from mcrm.consents import service as consents
from mcrm.consents.models import ConsentState, Purpose, SuppressionReason
from mcrm.contacts.models import Contact
from mcrm.conversations import service as conversations

LIFTED_BY_CUSTOMER = (SuppressionReason.STOP_WORD, SuppressionReason.CARRIER, SuppressionReason.BLOCKED)


def fulfil(turn: Turn, wish: Wish, *, quietly: bool = False) -> None:
    """Stop or resume all messages to this address, with the customer's words as proof; `quietly` without a reply."""
    session, actor, point, contact = turn.session, turn.actor, turn.point, turn.contact
    turn.message.understood = {"wish": wish.value}
    proof = {"words": turn.message.text, "message_id": str(turn.message.id)}
    if wish in (Wish.STOP, Wish.BLOCKED):
        reason = SuppressionReason.STOP_WORD if wish is Wish.STOP else SuppressionReason.BLOCKED
        is_new = consents.suppress(session, actor, point=point, reason=reason)
        if contact and consents.consent_of(session, contact.id, point.channel, Purpose.MARKETING):
            _decide(turn, contact, Purpose.MARKETING, ConsentState.WITHDRAWN, proof)
        if is_new and wish is Wish.STOP and not quietly and not gate.carrier_answers(turn.inbound):
            turn.reply([Say(Phrase("stop.done", {}))], kind="stop-confirmation")
        return
    reasons = LIFTED_BY_CUSTOMER if wish is Wish.START else (SuppressionReason.BLOCKED,)
    lifted = consents.lift(session, actor, point=point, reasons=reasons)
    if wish is Wish.START and lifted:
        conversations.save(session, turn.conversation, flow=None, asked=None, slots={}, stack=[])
        if contact:
            _decide(turn, contact, Purpose.SERVICE, ConsentState.GRANTED, proof)
        if turn.inbound.opt_out is None and not quietly:
            turn.reply([Say(Phrase("start.again", {}))])


def _decide(turn: Turn, contact: Contact, purpose: str, state: ConsentState, proof: dict[str, Any]) -> None:
    channel = turn.point.channel
    consents.decide(
        turn.session, turn.actor, contact_id=contact.id, channel=channel, purpose=purpose, state=state, proof=proof
    )
