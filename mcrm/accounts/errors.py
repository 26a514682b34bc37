"""What can be wrong with accounts."""

from mcrm.errors import Conflict, Invalid, NotFound


class AccountUnknown(NotFound):
    """There is no such account."""

    code = "account.unknown"


class AccountNumberTaken(Conflict):
    """Another account has this number."""

    code = "account.number-taken"


class AccountInCircle(Invalid):
    """An account cannot stand below itself."""

    code = "account.circle"
