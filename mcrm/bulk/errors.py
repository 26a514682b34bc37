"""What can be wrong with files and imports."""

from mcrm.errors import Conflict, Invalid, NotAllowed, NotFound


class ImportUnknown(NotFound):
    """There is no such import."""

    code = "import.unknown"


class ImportNotReady(Conflict):
    """The import is not in a state that allows this."""

    code = "import.not-ready"


class FileUnreadable(Invalid):
    """The file cannot be read."""

    code = "import.unreadable-file"


class MappingInvalid(Invalid):
    """The mapping names a column that the file lacks, or a field that there is not."""

    code = "import.invalid-mapping"


class NotYours(NotAllowed):
    """Your role may not do this in bulk."""

    code = "bulk.not-allowed"


class MappingNotYours(NotAllowed):
    """Somebody else saved this mapping: save yours under another name."""

    code = "import.mapping-of-somebody-else"


class RowUnfit(Invalid):
    """A cell does not hold what its field takes."""

    code = "import.invalid-value"
