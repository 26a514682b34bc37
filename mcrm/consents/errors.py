"""What can be wrong with consents."""

from mcrm.errors import NotFound


class ChannelUnknown(NotFound):
    """There is no such channel, or no such purpose."""

    code = "consent.unknown"
