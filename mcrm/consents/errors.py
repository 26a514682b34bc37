"""What can be wrong with consents."""

from mcrm.errors import Conflict, NotFound


class ChannelUnknown(NotFound):
    """There is no such channel, or no such purpose."""

    code = "consent.unknown"


class QuietHoursEndless(Conflict):
    """Quiet hours end at another time than they begin."""

    code = "quiet-hours.endless"
