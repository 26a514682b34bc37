"""Keys derived from the one secret of the installation, each for one purpose; and digests of what must not be stored.

HKDF (RFC 5869) with SHA-256: whoever learns one derived key learns nothing about the secret or the other keys.
"""

import hashlib
import hmac
import secrets

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
_secret: bytes | None = None


def use(secret_key: str) -> None:
    """Set the installation's secret for this process (MCRM_SECRET_KEY)."""
    global _secret
    _secret = hmac.digest(b"mcrm", secret_key.encode(), hashlib.sha256)  # HKDF-Extract


def derived(purpose: str) -> bytes:
    """32 bytes that stand for `purpose` alone; RuntimeError before `use()`."""
    if _secret is None:
        raise RuntimeError("no secret is in use yet")
    return hmac.digest(_secret, purpose.encode() + b"\x01", hashlib.sha256)  # HKDF-Expand, first block


def digest(purpose: str, value: str) -> str:
    """A keyed digest (64 hex digits) of something that must be found again but not be readable: a token, a code."""
    return hmac.digest(derived(purpose), value.encode(), hashlib.sha256).hex()


def sealed(purpose: str, data: bytes) -> bytes:
    """The data so that only this installation can read it again (AES-256-GCM, a random nonce in front)."""
    nonce = secrets.token_bytes(NONCE_BYTES)
    return nonce + AESGCM(derived(purpose)).encrypt(nonce, data, None)


def unsealed(purpose: str, data: bytes) -> bytes | None:
    """What was sealed; None for anything else: another secret's, another purpose's, changed."""
    try:
        return AESGCM(derived(purpose)).decrypt(data[:NONCE_BYTES], data[NONCE_BYTES:], None)
    except (InvalidTag, ValueError):
        return None


def same(one: str, other: str) -> bool:
    """Whether two texts are equal, in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def new_token(bits: int = 256) -> str:
    """A random URL-safe token of at least `bits` bits."""
    return secrets.token_urlsafe(-(-bits // 8))


def new_code(digits: int = 6) -> str:
    """A random numeric code."""
    return f"{secrets.randbelow(10**digits):0{digits}d}"
