"""What can be wrong with roles."""

from mcrm.errors import NotFound


class RoleUnknown(NotFound):
    """This contact does not act for this account."""

    code = "contact-role.unknown"
