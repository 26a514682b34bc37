"""What can be wrong with leads."""

from mcrm.errors import Conflict, Invalid, NotAllowed, NotFound


class LeadUnknown(NotFound):
    """There is no such lead."""

    code = "lead.unknown"


class IllegalLeadMove(Conflict):
    """The lead's state does not allow this."""

    code = "lead.illegal-move"


class LeadErased(Conflict):
    """Whoever this was, they were forgotten, as they asked: nothing is written about them any more."""

    code = "lead.erased"


class LeadConverted(Conflict):
    """This lead was converted already; its contact and opportunity say more."""

    code = "lead.converted"


class LeadClosed(Conflict):
    """A lead that is converted or lost is not changed any more."""

    code = "lead.closed"


class LeadTaken(Conflict):
    """This lead is somebody's already; a manager may give it to you."""

    code = "lead.taken"


class LeadOwnerUnfit(Invalid):
    """A lead is given to somebody of the staff who sees its territory."""

    code = "lead.owner-unfit"


class LossReasonNeeded(Invalid):
    """Say why nothing came of it."""

    code = "lead.loss-reason-needed"


class TouchTimeUnfit(Invalid):
    """A lead is touched after it came, and not in the future."""

    code = "lead.touch-time-unfit"


class KnownElsewhere(Conflict):
    """Somebody with this phone or mail is a customer beyond your reach; ask a manager to convert the lead."""

    code = "lead.known-elsewhere"


class ManagersAssign(NotAllowed):
    """Who gets a lead is said by a manager; a rep claims one that is nobody's."""

    code = "lead.managers-assign"
