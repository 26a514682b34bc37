"""What can be wrong with cadences."""

from mcrm.errors import NotFound


class CadenceUnknown(NotFound):
    """There is no cadence for this class."""

    code = "visit-cadence.unknown"
