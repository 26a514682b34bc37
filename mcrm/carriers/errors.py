"""What can be wrong with tracking links."""

from mcrm.errors import NotFound


class LinkOver(NotFound):
    """This link does not work any more. Ask us for a new one."""

    code = "tracking-link.over"
