"""Why a device's change is not taken; the sentences are for the person who made it."""

from mcrm.errors import Conflict, Invalid, NotFound


class TableUnknown(Invalid):
    """This server does not know this kind of record; the app may be newer than the server."""

    code = "sync.table-unknown"


class IdInvalid(Invalid):
    """The record's id is not a UUID; the app has to set its generator of ids."""

    code = "sync.id-invalid"


class RecordInvalid(Invalid):
    """The record holds something that cannot be stored."""

    code = "sync.record-invalid"


class RecordUnknown(NotFound):
    """There is no such record."""

    code = "sync.record-unknown"


class RecordStale(Conflict):
    """Somebody changed this since you had it; sync once more and look again."""

    code = "sync.stale"


class RecordMoved(Conflict):
    """This has moved to somebody else; your change is kept for you and your manager to settle."""

    code = "sync.moved-away"


class RecordForgotten(Conflict):
    """This was about somebody who was forgotten, as they asked; nothing of your change is kept."""

    code = "sync.forgotten"


class RecordDeleted(Conflict):
    """This has been deleted meanwhile; your change is kept for you and your manager to settle."""

    code = "sync.deleted"


class ReadOnly(Conflict):
    """This cannot be changed on the device."""

    code = "sync.read-only"


class NotDeletable(Conflict):
    """This cannot be deleted on the device; it comes back with the next sync."""

    code = "sync.not-deletable"


class OrderPlaced(Conflict):
    """The order has been placed already; its lines cannot change any more."""

    code = "sync.order-placed"


class WithItsOrder(Conflict):
    """The order of this line was not taken, so the line was not, either."""

    code = "sync.with-its-order"


class Twice(Conflict):
    """This stands twice in one push; the first of the two was looked at."""

    code = "sync.twice"


class PullFirst(Conflict):
    """The server was restored from a backup since your last sync: sync once more, then your changes are taken."""

    code = "sync.pull-first"


class ConflictUnknown(NotFound):
    """There is no such conflict."""

    code = "sync-conflict.unknown"


class ConflictSettled(Conflict):
    """This has been settled already."""

    code = "sync-conflict.settled"


class PriceStands(Conflict):
    """The order stands at the price of today: settle it as theirs, or cancel the order and place it with a discount."""

    code = "sync-conflict.price-stands"


class OrderNotTaken(Conflict):
    """The order was not taken: correct it on the phone and it is sent again, or settle this as theirs to drop it."""

    code = "sync-conflict.order-not-taken"


class NotJoined(Conflict):
    """Only one of the two values stands: let `mine` or `theirs` stand."""

    code = "sync-conflict.not-joined"


class NothingToApply(Conflict):
    """The record is gone: there is nothing that this could be applied to."""

    code = "sync-conflict.record-gone"
