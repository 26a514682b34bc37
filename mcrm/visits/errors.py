"""What can be wrong with visits, their plans, forms and reports."""

from mcrm.errors import Conflict, Invalid, NotAllowed, NotFound


class VisitUnknown(NotFound):
    """There is no such visit."""

    code = "visit.unknown"


class VisitIdTaken(Conflict):
    """Another visit has this id."""

    code = "visit.id-taken"


class VisitOfAnother(NotAllowed):
    """Only who makes a visit may check out of it."""

    code = "visit.not-yours"


class VisitEnded(Conflict):
    """You have checked out of this visit already, at another time."""

    code = "visit.checked-out"


class EndsBeforeItBegins(Invalid):
    """A visit ends after it began, and within a day."""

    code = "visit.ends-before-it-begins"


class PositionHalf(Invalid):
    """A position is a latitude and a longitude, or neither."""

    code = "visit.position-half"


class PlanUnknown(NotFound):
    """There is no such planned visit."""

    code = "planned-visit.unknown"


class PlanOver(Conflict):
    """This planned visit was made, or dropped."""

    code = "planned-visit.over"


class AppointmentElsewhen(Invalid):
    """An appointment starts on the day of its visit."""

    code = "planned-visit.another-day"


class RepUnknown(NotFound):
    """There is no rep with this id who sees the account."""

    code = "planned-visit.rep-unknown"


class FormUnknown(NotFound):
    """There is no such form."""

    code = "visit-form.unknown"


class FormNameTaken(Conflict):
    """Another form has this name: publish a new version of it."""

    code = "visit-form.name-taken"


class FormRetired(Conflict):
    """This version of the form was replaced or retired."""

    code = "visit-form.retired"


class FormInvalid(Invalid):
    """A question of the form makes no sense."""

    code = "visit-form.invalid"


class ReportInvalid(Invalid):
    """An answer does not fit its question."""

    code = "visit-report.invalid"


class ReportIdTaken(Conflict):
    """Another report has this id."""

    code = "visit-report.id-taken"
