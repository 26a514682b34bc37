"""What can be wrong with contacts and their addresses."""

from mcrm.errors import Conflict, Invalid, NotFound


class ContactUnknown(NotFound):
    """There is no such contact."""

    code = "contact.unknown"


class ContactPointUnknown(NotFound):
    """There is no such contact point."""

    code = "contact-point.unknown"


class ContactPointTaken(Conflict):
    """This address already belongs to a contact."""

    code = "contact-point.taken"


class AddressInvalid(Invalid):
    """This is not a valid address for the channel."""

    code = "contact-point.invalid-address"


class NumberTaken(Conflict):
    """Another contact has this customer number."""

    code = "contact.number-taken"


class ContactInUse(Conflict):
    """Something names this contact by now, so it cannot be removed."""

    code = "contact.in-use"
