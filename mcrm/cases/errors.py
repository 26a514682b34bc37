"""What can be wrong with cases."""

from mcrm.errors import Conflict, Invalid, NotFound


class CaseUnknown(NotFound):
    """There is no such case."""

    code = "case.unknown"


class OrderElsewhere(Invalid):
    """This order is somebody else's."""

    code = "case.order-elsewhere"


class OwnerUnknown(NotFound):
    """There is nobody with this id who sees the contact."""

    code = "case.owner-unknown"


class MoveRefused(Conflict):
    """From its present state the case cannot get there."""

    code = "case.move-refused"
