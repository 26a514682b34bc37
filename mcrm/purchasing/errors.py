"""What can be wrong with purchase requests."""

from mcrm.errors import Conflict, NotFound


class RequestUnknown(NotFound):
    """There is no such purchase request."""

    code = "purchase-request.unknown"


class IllegalRequestMove(Conflict):
    """A purchase request cannot go from where it stands to there."""

    code = "purchase-request.illegal-move"


class RequestUnderWay(Conflict):
    """A purchase request for this stock item is under way already."""

    code = "purchase-request.under-way"
