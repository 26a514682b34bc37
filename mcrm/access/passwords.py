"""Passwords: Argon2id at OWASP's 19 MiB, two passes, one lane; at most two hashes at a time in a process.

Length decides, composition rules do not (NIST SP 800-63B): at least 10 characters, none of the well-known ones.
"""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from mcrm.access.errors import PasswordWeak

SHORTEST, LONGEST = 10, 200
WELL_KNOWN = frozenset(
    [
        "password123",
        "1234567890",
        "0123456789",
        "qwertyuiop",
        "qwerty12345",
        "iloveyou12",
        "letmein123",
        "administrator",
        "welcome123",
        "password1234",
        "passw0rd123",
        "changeme123",
        "1q2w3e4r5t",
        "harbourandpine",
    ]
)
hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_two_at_a_time = threading.BoundedSemaphore(2)


def hashed(password: str, *, field: str = "password") -> str:
    """The hash to store; raises PasswordWeak, which names `field`."""
    simple = password.strip().lower()
    if not SHORTEST <= len(password) <= LONGEST or simple in WELL_KNOWN or len(set(simple)) < 4:
        raise PasswordWeak(field=field)
    with _two_at_a_time:
        return hasher.hash(password)


def fits(password: str, stored: str | None) -> bool:
    """Whether the password is right. Without a stored hash the same work is done, so that time tells nothing."""
    with _two_at_a_time:
        try:
            return hasher.verify(stored or _nobody(), password[:LONGEST]) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


_nobodys_hash: str | None = None


def _nobody() -> str:
    global _nobodys_hash
    if _nobodys_hash is None:
        _nobodys_hash = hasher.hash("nobody has this password")
    return _nobodys_hash
