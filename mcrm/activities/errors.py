"""What can be wrong with activities."""

from mcrm.errors import Conflict, Invalid


class ActivityIdTaken(Conflict):
    """Something else has this id."""

    code = "activity.id-taken"


class ActivityAboutNobody(Invalid):
    """A note, a call or a meeting is about an account or a contact."""

    code = "activity.about-nobody"


class OutcomeElsewhere(Invalid):
    """This is not what comes of a note, a call or a meeting of this kind."""

    code = "activity.outcome-elsewhere"
