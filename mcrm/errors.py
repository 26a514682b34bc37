"""What can be wrong in the business, in kinds; each door says it in its own language.

A concrete error is three lines in its package: a kind, a stable code and a docstring that is its default sentence.
"""

from typing import Any


class DomainError(Exception):
    """Something is wrong."""

    code = "error"

    def __init__(self, detail: str | None = None, *, field: str | None = None, **facts: Any) -> None:
        """`detail` replaces the default sentence; `field` names the input at fault; `facts` fill the bots' phrases."""
        self.detail = detail or (type(self).__doc__ or "").strip().partition("\n")[0]
        self.field = field
        self.facts = facts
        super().__init__(self.detail)


class NotFound(DomainError):
    """There is no such thing within your reach."""

    code = "not-found"


class NotAllowed(DomainError):
    """You may not do this."""

    code = "not-allowed"


class NotSignedIn(DomainError):
    """Sign in first."""

    code = "auth.required"


class Conflict(DomainError):
    """The present state does not allow this."""

    code = "conflict"


class TooSoon(DomainError):
    """Too many tries: wait a little."""

    code = "too-soon"

    def __init__(self, detail: str | None = None, *, retry_after_s: int = 60, **facts: Any) -> None:
        """`retry_after_s`: whole seconds until another try can succeed."""
        self.retry_after_s = max(1, retry_after_s)
        super().__init__(detail, **facts)


class Invalid(DomainError):
    """The input is not what this expects."""

    code = "invalid"


class Unavailable(DomainError):
    """A part this needs is not available now; try again."""

    code = "unavailable"

    def __init__(self, detail: str | None = None, *, retry_after_s: int = 5, **facts: Any) -> None:
        """`retry_after_s`: whole seconds after which trying again makes sense."""
        self.retry_after_s = max(1, retry_after_s)
        super().__init__(detail, **facts)
