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


class AccountTooDeep(Invalid):
    """Accounts stand at most twenty levels deep."""

    code = "account.too-deep"


class AccountInUse(Conflict):
    """Contacts, orders or other accounts still hang on it."""

    code = "account.in-use"


class AccountPositionHalf(Invalid):
    """A position is a latitude and a longitude, or neither."""

    code = "account.position-half"
