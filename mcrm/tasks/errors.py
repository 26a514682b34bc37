"""What can be wrong with tasks."""

from mcrm.errors import Conflict, Invalid, NotFound


class TaskUnknown(NotFound):
    """There is no such task."""

    code = "task.unknown"


class TaskWithoutAccount(Invalid):
    """Say for which account or contact this is to be done."""

    code = "task.account-needed"


class ContactElsewhere(Invalid):
    """This contact does not belong to the account."""

    code = "task.contact-elsewhere"


class OpportunityElsewhere(Invalid):
    """This opportunity does not belong to the account."""

    code = "task.opportunity-elsewhere"


class OwnerUnknown(NotFound):
    """There is nobody with this id who sees the account."""

    code = "task.owner-unknown"


class TaskDone(Conflict):
    """The task is done: open it again first."""

    code = "task.done"


class TaskIdTaken(Conflict):
    """Another task has this id."""

    code = "task.id-taken"
