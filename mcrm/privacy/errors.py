"""What can be wrong with wishes about one's own data."""

from mcrm.errors import Conflict, NotAllowed, NotFound, TooSoon


class SignInStale(NotAllowed):
    """For this, confirm first that it is you: sign in with a new code."""

    code = "auth.stale"


class CopyUnknown(NotFound):
    """There is no copy of your data here: it was never asked for, or its day is over."""

    code = "data-copy.unknown"


class CopyTooSoon(TooSoon):
    """There is one copy of your data a day."""

    code = "data-copy.too-soon"


class ErasureUnknown(NotFound):
    """Nobody asked for this deletion, or it was taken back."""

    code = "erasure.unknown"


class ErasureUnderWay(Conflict):
    """The deletion has begun and cannot be taken back any more."""

    code = "erasure.under-way"


class ConfirmationOver(Conflict):
    """This confirmation has expired; ask for the deletion anew."""

    code = "erasure.confirmation-over"


class ForgottenAlready(Conflict):
    """This person was forgotten already."""

    code = "erasure.done-already"
