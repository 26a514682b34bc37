"""What can be wrong with targets."""

from mcrm.errors import Invalid, NotFound


class TargetUnknown(NotFound):
    """There is no such target."""

    code = "target.unknown"


class TargetUnfit(Invalid):
    """A target is a territory's, a rep's in a territory of the rep's, or a team's; and it ends after it begins."""

    code = "target.unfit"


class TargetCurrency(Invalid):
    """The value of orders is measured in one currency; everything else in none."""

    code = "target.currency"
