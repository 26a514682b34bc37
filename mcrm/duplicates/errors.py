"""What can be wrong with duplicates and merges."""

from mcrm.errors import Conflict, Invalid, NotFound


class SameContact(Invalid):
    """These are one and the same contact."""

    code = "contact.same"


class AlreadyMerged(Conflict):
    """These contacts are one person already."""

    code = "contact.already-merged"


class NotMerged(Conflict):
    """This contact is not merged with any other."""

    code = "contact.not-merged"


class MergedOutOfReach(Conflict):
    """This contact is merged with one outside your territories."""

    code = "contact.merged-out-of-reach"


class DismissalUnknown(NotFound):
    """Nobody said that these two are different people."""

    code = "duplicate.not-dismissed"
