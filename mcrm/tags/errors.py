"""What can be wrong with tags."""

from mcrm.errors import Conflict, Invalid, NotFound


class TagInvalid(Invalid):
    """A tag is 1 to 60 letters, digits, spaces and the signs - _ . & + #."""

    code = "tag.invalid"


class TagUnknown(NotFound):
    """There is no such tag on it."""

    code = "tag.unknown"


class TooManyTags(Conflict):
    """It has fifty tags already."""

    code = "tag.too-many"
