"""What can be wrong with opportunities and the pipeline."""

from mcrm.errors import Conflict, Invalid, NotFound


class OpportunityUnknown(NotFound):
    """There is no such opportunity."""

    code = "opportunity.unknown"


class IllegalOpportunityMove(Conflict):
    """An opportunity moves between stages while it is open; one that is won or lost is reopened first."""

    code = "opportunity.illegal-move"


class StageUnknown(Invalid):
    """The pipeline has no such stage."""

    code = "pipeline-stage.unknown"


class StageMissing(NotFound):
    """There is no such stage."""

    code = "pipeline-stage.unknown"


class StageKeyTaken(Conflict):
    """Another stage has this key."""

    code = "pipeline-stage.key-taken"


class StageInUse(Conflict):
    """Opportunities stand in this stage, or it is the last open one: move them first."""

    code = "pipeline-stage.in-use"


class StageFixed(Conflict):
    """Won and lost end every pipeline: their names may change, nothing else."""

    code = "pipeline-stage.fixed"


class LossReasonNeeded(Invalid):
    """Say why it was lost."""

    code = "opportunity.loss-reason-needed"


class LossReasonUnknown(Invalid):
    """This is none of the reasons for which opportunities are lost here."""

    code = "opportunity.loss-reason-unknown"


class OtherAccounts(Invalid):
    """This belongs to another account."""

    code = "opportunity.other-account"


class OrderCounted(Conflict):
    """This order has won another opportunity already."""

    code = "opportunity.order-counted"


class CurrencyNeeded(Invalid):
    """Say in which currency the amount is."""

    code = "opportunity.currency-needed"


class OwnerUnfit(Invalid):
    """An opportunity belongs to somebody of the staff who sees its account."""

    code = "opportunity.owner-unfit"
