"""firebase-admin at our origin and without its hidden retries.

The stock service repeats a POST four times on 500 and 503 (each may be one more push on the phone) and obeys
Retry-After inside urllib3, blocking its thread for minutes. There is no option for either, so its service class is
extended through private names: `_MessagingService`, `_MESSAGING_ATTRIBUTE`, `App._get_service`, `_fcm_url`,
`_fcm_topic_url`, `_credential`, `_client`, `_http_client.JsonHttpClient`. A test of its own says so when an upgrade
takes one away.
"""

import uuid
from typing import Any

import firebase_admin
import requests
from firebase_admin import _http_client, credentials, messaging
from google.auth.transport.requests import AuthorizedSession, Request
from google.oauth2 import service_account

from mcrm.config import Firebase
from notifications.transport import pooled_adapter

REAL_BASE = "https://fcm.googleapis.com"


def open_app(settings: Firebase, timeout_s: float) -> firebase_admin.App:
    """A Firebase app whose messaging service is ours; `messaging.send(…, app=app)` from here on. Contacts nobody."""
    key = str(settings.credentials)
    certificate = credentials.Certificate(key) if settings.api_base is None else _QuietCertificate(key)
    app = firebase_admin.initialize_app(certificate, {"httpTimeout": timeout_s}, name=f"mcrm-{uuid.uuid4()}")
    app._get_service(messaging._MESSAGING_ATTRIBUTE, lambda opened: _Messaging(opened, settings.api_base))
    return app


class _Messaging(messaging._MessagingService):  # type: ignore[misc]  # the package has no types
    """One attempt a call; a pool as large as the worker's; another origin if one is set."""

    def __init__(self, app: firebase_admin.App, base: str | None) -> None:
        super().__init__(app)
        project = f"{base or REAL_BASE}/v1/projects/{app.project_id}"
        self._fcm_url, self._fcm_topic_url = f"{project}/messages:send", f"{project}/registrations"
        session = AuthorizedSession(self._credential, auth_request=Request(_opened(requests.Session(), base)))
        self._client = _http_client.JsonHttpClient(
            session=_opened(session, base), retries=False, timeout=app.options.get("httpTimeout")
        )

    def close(self) -> None:
        """Let the connections go, and those of the parent's unused asynchronous client."""
        self._client.close()
        super().close()


class _QuietCertificate(credentials.Certificate):  # type: ignore[misc]  # the package has no types
    """A service-account key whose credentials stay at the origin that is set.

    Stock google-auth asks iamcredentials.googleapis.com in the background for the account's "regional access boundary".
    """

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self._quiet = _QuietCredentials.from_service_account_file(key, scopes=super().get_credential().scopes)

    def get_credential(self) -> Any:
        """The credentials that make no other call."""
        return self._quiet


class _QuietCredentials(service_account.Credentials):  # type: ignore[misc]  # the package has no types
    def _is_regional_access_boundary_lookup_required(self) -> bool:
        return False


def _opened(session: requests.Session, base: str | None) -> requests.Session:
    session.trust_env = base is None  # a proxy of the environment is for the real provider only
    session.mount("https://", pooled_adapter())
    session.mount("http://", pooled_adapter())
    return session
