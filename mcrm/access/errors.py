"""What can be wrong with signing in."""

from mcrm.errors import Conflict, NotAllowed, NotFound, NotSignedIn, TooSoon


class LoginWrong(NotSignedIn):
    """The e-mail or the password is wrong."""

    code = "auth.login-wrong"


class CodeWrong(NotSignedIn):
    """The code is wrong or has expired."""

    code = "auth.code-wrong"


class CodeLocked(TooSoon):
    """Too many wrong codes: ask for a new one later."""

    code = "auth.code-locked"


class TooManyTries(TooSoon):
    """Too many tries: wait a little."""

    code = "auth.too-many-tries"


class TokenInvalid(NotSignedIn):
    """The access token is missing, malformed, expired or withdrawn."""

    code = "auth.token-invalid"


class RefreshInvalid(NotSignedIn):
    """The refresh token is not valid any more: sign in again."""

    code = "auth.refresh-invalid"


class SessionUnknown(NotFound):
    """There is no such session of yours."""

    code = "session.unknown"


class UserUnknown(NotFound):
    """There is no such user."""

    code = "user.unknown"


class EmailTaken(Conflict):
    """Another user has this e-mail address."""

    code = "user.email-taken"


class LastAdmin(Conflict):
    """This is the last admin: somebody has to be able to let people in."""

    code = "user.last-admin"


class PasswordWrong(NotAllowed):
    """The old password is wrong."""

    code = "user.password-wrong"


class ResetInvalid(NotSignedIn):
    """This token for a new password was used or has expired: ask an admin for another."""

    code = "auth.reset-invalid"


class PasswordWeak(NotAllowed):
    """This password is too easy to guess: at least 10 characters, and none of the well-known ones."""

    code = "user.password-weak"
