"""What can be wrong with templates."""

from mcrm.errors import Conflict, Invalid, NotFound


class TemplateUnknown(NotFound):
    """There is no such template."""

    code = "template.unknown"


class TemplateTaken(Conflict):
    """There is a template of this message for this channel and language: change that one."""

    code = "template.taken"


class TemplateInvalid(Invalid):
    """These words cannot be sent."""

    code = "template.invalid"


class NoSuchMessage(Invalid):
    """There is no message of this key."""

    code = "template.no-such-message"
