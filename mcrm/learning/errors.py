"""What can be wrong with labels."""

from mcrm.errors import Conflict, NotFound


class UnknownMessageUnknown(NotFound):
    """There is no such message."""

    code = "unknown-message.unknown"


class MessageErased(Conflict):
    """The text of this message was erased; there is nothing to learn from it."""

    code = "unknown-message.erased"
