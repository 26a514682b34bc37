"""What can be wrong when customers change how they are reached."""

from mcrm.errors import Conflict, NotAllowed, NotFound, TooSoon


class ContactChangeUnknown(NotFound):
    """There is no such change under way."""

    code = "contact-change.unknown"


class AlreadyYours(Conflict):
    """This is your address already."""

    code = "contact-change.already-yours"


class NothingOnFile(Conflict):
    """There is no address on file that a code could go to: write to us, and a person will help you."""

    code = "contact-change.nothing-on-file"


class ChannelOff(Conflict):
    """No code can go to such an address from here: write to us, and a person will help you."""

    code = "contact-change.channel-off"


class ChangeCodeWrong(NotAllowed):
    """A code is wrong or has expired."""

    code = "contact-change.code-wrong"


class ChangeLocked(TooSoon):
    """Too many wrong codes: begin again later."""

    code = "contact-change.locked"


class NotProvedYet(Conflict):
    """Prove first that the new address is yours."""

    code = "contact-change.not-proved"
