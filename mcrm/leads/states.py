"""Which moves a lead may make. Pure; everything that changes a status asks here."""

from enum import StrEnum

from mcrm.leads.errors import IllegalLeadMove, LeadConverted
from mcrm.leads.models import OPEN_STATES, LeadStatus


class LeadMove(StrEnum):
    """What can be done to a lead."""

    TOUCH = "touch"
    QUALIFY = "qualify"
    CONVERT = "convert"
    LOSE = "lose"
    REOPEN = "reopen"


MOVES: dict[LeadMove, dict[LeadStatus, LeadStatus]] = {
    LeadMove.TOUCH: {
        LeadStatus.NEW: LeadStatus.CONTACTED,
        LeadStatus.CONTACTED: LeadStatus.CONTACTED,
        LeadStatus.QUALIFIED: LeadStatus.QUALIFIED,
    },
    LeadMove.QUALIFY: {LeadStatus.NEW: LeadStatus.QUALIFIED, LeadStatus.CONTACTED: LeadStatus.QUALIFIED},
    LeadMove.CONVERT: dict.fromkeys(OPEN_STATES, LeadStatus.CONVERTED),
    LeadMove.LOSE: dict.fromkeys(OPEN_STATES, LeadStatus.LOST),
    LeadMove.REOPEN: {LeadStatus.LOST: LeadStatus.NEW},
}


def after(status: str, move: LeadMove) -> LeadStatus:
    """The status after a move; raises LeadConverted where it is too late for any, IllegalLeadMove."""
    try:
        return MOVES[move][LeadStatus(status)]
    except KeyError:
        if status == LeadStatus.CONVERTED:
            raise LeadConverted() from None
        raise IllegalLeadMove(f"You cannot {move} a lead that is {status}.") from None
