"""What can be wrong with bulk changes."""

from mcrm.errors import Conflict, NotFound


class BulkChangeUnknown(NotFound):
    """There is no such bulk change."""

    code = "bulk-change.unknown"


class BulkChangeOver(Conflict):
    """The bulk change is not in a state that allows this."""

    code = "bulk-change.over"
