"""What can be wrong with a conversation."""

from mcrm.errors import TooSoon


class TooManyMessages(TooSoon):
    """So many messages in one minute are not read: wait a little."""

    code = "conversation.too-many-messages"
