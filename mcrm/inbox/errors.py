"""What can be wrong in the inbox."""

from mcrm.errors import Conflict, Invalid, NotFound


class HandoverUnknown(NotFound):
    """There is no such hand-over."""

    code = "handover.unknown"


class HandoverTaken(Conflict):
    """A colleague answers this conversation: have it passed on, or take it over."""

    code = "handover.taken"


class AgentPresent(Conflict):
    """Whoever answers this conversation is here: have it passed on, or ask a manager to take it over."""

    code = "handover.agent-present"


class HandoverEnded(Conflict):
    """This is over: the bot answers again."""

    code = "handover.ended"


class NothingToAnswer(Conflict):
    """This customer never wrote on a channel that one can answer."""

    code = "handover.no-channel"


class AgentUnknown(NotFound):
    """There is nobody with this id who answers customers."""

    code = "agent.unknown"


class CannedReplyUnknown(NotFound):
    """There is no such canned reply."""

    code = "canned-reply.unknown"


class CannedReplyNameTaken(Conflict):
    """There is a canned reply of this name in this language."""

    code = "canned-reply.name-taken"


class CannedReplyUnreadable(Invalid):
    """These words cannot be filled."""

    code = "canned-reply.unreadable"


class PeriodUnfit(Invalid):
    """A report begins at `since` and ends at `until`, later, and at most 92 days later."""

    code = "inbox.period-unfit"
