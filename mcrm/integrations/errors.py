"""What can be wrong with integration keys."""

from mcrm.errors import Conflict, NotFound, NotSignedIn


class KeyInvalid(NotSignedIn):
    """This key is unknown, revoked or expired."""

    code = "auth.token-invalid"


class KeyUnknown(NotFound):
    """There is no such integration key."""

    code = "integration-key.unknown"


class KeyNameTaken(Conflict):
    """Another integration key has this name."""

    code = "integration-key.name-taken"


class KeyRevoked(Conflict):
    """This integration key has been revoked: make a new one."""

    code = "integration-key.revoked"
