"""What can be wrong with territories and grants."""

from mcrm.errors import Conflict, Invalid, NotFound


class TerritoryUnknown(NotFound):
    """There is no such territory."""

    code = "territory.unknown"


class TerritoryNameTaken(Conflict):
    """Another territory has this name."""

    code = "territory.name-taken"


class TerritoryInUse(Conflict):
    """Accounts lie in this territory, or somebody may see it: move them first."""

    code = "territory.in-use"


class TerritoryNeeded(Invalid):
    """Say which of your territories this belongs to."""

    code = "territory.needed"


class GranteeUnknown(NotFound):
    """There is no such user."""

    code = "user.unknown"


class GrantUnknown(NotFound):
    """This user has not been granted this territory."""

    code = "scope-grant.unknown"


class TerritoryInCircle(Conflict):
    """A territory cannot lie below itself, nor deeper than ten levels."""

    code = "territory.in-circle"


class ManagerUnfit(Invalid):
    """A territory is answered for by an active manager or admin."""

    code = "territory.manager-unfit"


class PlaceInvalid(Invalid):
    """A place is a country of two letters and the beginning of a postcode."""

    code = "territory.place-invalid"


class PlaceTaken(Conflict):
    """This place is another territory's."""

    code = "territory.place-taken"


class PlaceUnknown(NotFound):
    """This place is not the territory's."""

    code = "territory.place-unknown"
