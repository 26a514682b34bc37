"""Service-account keys as Google hands them out, made here for the sandbox alone."""

import hashlib
import hmac
import json
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

TOKEN_LIFE_S = 3600
# What google-auth always names, whatever the key file says the token endpoint is.
AUDIENCE = "https://oauth2.googleapis.com/token"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SCOPES = frozenset(
    {"https://www.googleapis.com/auth/cloud-platform", "https://www.googleapis.com/auth/firebase.messaging"}
)


def make_service_account(path: Path, token_uri: str, project_id: str) -> None:
    """Write a service-account JSON with a fresh RSA-2048 key to `path`, readable by its owner alone."""
    email = f"firebase-adminsdk-sandbox@{project_id}.iam.gserviceaccount.com"
    account = {
        "type": "service_account",
        "project_id": project_id,
        "private_key_id": os.urandom(20).hex(),
        "private_key": RSAKey.generate_key(2048, private=True).as_pem(private=True).decode(),
        "client_email": email,
        "client_id": str(int.from_bytes(os.urandom(8)) % 10**21),
        "auth_uri": "https://accounts.google.com/o/oauth2/auth",
        "token_uri": token_uri,
        "universe_domain": "googleapis.com",
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(file, "w") as out:
        json.dump(account, out, indent=2)


class BadGrant(Exception):
    """The assertion is not one that Google would accept; the text is Google's description."""


@dataclass(frozen=True, slots=True)
class ServiceAccount:
    """What Google knows about the account: its public key, and the secret that access tokens are made with."""

    project_id: str
    email: str
    token_uri: str
    key: RSAKey
    secret: bytes

    @classmethod
    def read(cls, path: Path) -> "ServiceAccount":
        """Read the key file; raises OSError, KeyError or ValueError when it is not one."""
        account = json.loads(path.read_text())
        private = account["private_key"].encode()
        key = RSAKey.import_key(RSAKey.import_key(private).as_pem(private=False))
        secret = hashlib.sha256(b"access tokens of the sandbox" + private).digest()
        return cls(account["project_id"], account["client_email"], account["token_uri"], key, secret)

    def issue(self, assertion: str) -> str:
        """An access token for a signed assertion (RFC 7523); raises BadGrant."""
        try:
            claims: dict[str, Any] = jwt.decode(assertion, self.key, algorithms=["RS256"]).claims
        except (JoseError, ValueError):
            raise BadGrant("Invalid JWT Signature.") from None
        now = time.time()
        issued, expires = claims.get("iat"), claims.get("exp")
        if claims.get("iss") != self.email:
            raise BadGrant("Invalid grant: account not found")
        if claims.get("aud") not in (AUDIENCE, self.token_uri):
            raise BadGrant("Invalid JWT: Failed audience check.")
        if not isinstance(issued, int) or not isinstance(expires, int) or expires - issued > TOKEN_LIFE_S:
            raise BadGrant("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.")
        if expires <= now or issued > now + 60:
            raise BadGrant("Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.")
        if not SCOPES & set(str(claims.get("scope", "")).split()):
            raise BadGrant("Invalid OAuth scope or ID token audience provided.")
        return self._token(int(now) + TOKEN_LIFE_S)

    def expiry(self, token: str) -> int:
        """When an access token made here ends, in seconds since 1970; 0 for any other text.

        The token carries its own proof, so that it outlives a restart of the sandbox as it would outlive Google's.
        """
        expires = token.split(".")[-2] if token.count(".") >= 2 else ""
        if not (expires.isascii() and expires.isdigit()):
            return 0
        if not hmac.compare_digest(token.encode(), self._token(int(expires)).encode()):
            return 0
        return int(expires)

    def _token(self, expires: int) -> str:
        proof = hmac.new(self.secret, str(expires).encode(), hashlib.sha256).hexdigest()
        return f"ya29.SANDBOX.{expires}.{proof}"
