"""What can be wrong with offers."""

from mcrm.errors import Conflict, Invalid, NotFound


class OfferUnknown(NotFound):
    """There is no such offer."""

    code = "offer.unknown"


class OfferCodeTaken(Conflict):
    """Another offer has this code."""

    code = "offer.code-taken"


class OfferNeverValid(Invalid):
    """An offer must end after it begins."""

    code = "offer.never-valid"


class OfferOver(Conflict):
    """This offer is over."""

    code = "offer.over"


class AlreadyAnnounced(Conflict):
    """This offer has been announced: its words are out."""

    code = "offer.already-announced"


class NotAnnounced(NotFound):
    """This offer has not been announced."""

    code = "offer.not-announced"
