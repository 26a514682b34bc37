"""One cheap authenticated question to each provider that is on, and to our own doors: nothing is sent, nothing changes.

Words never hold an address with a token in it: Telegram's carries the bot's.
"""

import json
import smtplib
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from mcrm.config import Firebase, Mail, Settings, Telegram, Twilio

PATIENCE_S = 10.0
MOST_SKEW_S = 30.0  # Google refuses assertions from five minutes on; a clock that runs away is noticed before
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
MESSAGING = "https://www.googleapis.com/auth/firebase.messaging"


class Refused(Exception):
    """Somebody did not answer as they should; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What a provider says of itself, and by how many seconds our clock is ahead of its; None without a Date."""

    words: str
    ahead_s: float | None


def twilio(settings: Twilio) -> Answered:
    """Read the account. Raises Refused."""
    url = f"{settings.api_base or 'https://api.twilio.com'}/2010-04-01/Accounts/{settings.account_sid}.json"
    account, ahead_s = _asked("GET", url, settings.api_base, auth=(settings.account_sid, settings.auth_token))
    if account.get("status") != "active":
        raise Refused(f"the account is {account.get('status')}: see Twilio's console")
    return Answered(f"the account is active, texts come from {_sender(settings)}", ahead_s)


def _sender(settings: Twilio) -> str:
    return settings.sender or f"the messaging service {settings.messaging_service_sid}"


def telegram(settings: Telegram, webhook: str) -> Answered:
    """Read who the bot is and where its webhook points. Raises Refused."""
    base = f"{settings.api_base or 'https://api.telegram.org'}/bot{settings.bot_token}"
    me, ahead_s = _asked("GET", f"{base}/getMe", settings.api_base)
    told, _ = _asked("GET", f"{base}/getWebhookInfo", settings.api_base)
    name, info = me["result"].get("username"), told["result"]
    if not info.get("url"):
        return Answered(f"the bot is @{name}; its webhook is set when mcrm worker starts", ahead_s)
    if info["url"] != webhook:
        raise Refused(f"the webhook of @{name} points elsewhere, not to {webhook}: start mcrm worker, which sets it")
    waiting = info.get("pending_update_count", 0)
    return Answered(f"the bot is @{name}, its webhook points here, {waiting} updates wait", ahead_s)


def firebase(settings: Firebase) -> Answered:
    """Exchange the service account's assertion for an access token, which is thrown away. Raises Refused."""
    from google.auth import exceptions, jwt
    from google.oauth2 import service_account

    try:
        facts = json.loads(settings.credentials.read_text(encoding="utf-8"))
        key = service_account.Credentials.from_service_account_info(facts)
    except (OSError, ValueError, exceptions.GoogleAuthError):
        raise Refused("FIREBASE_CREDENTIALS is not a service-account key; make one in Firebase's console") from None
    now, url = int(time.time()), facts["token_uri"]
    claims = {"iss": key.service_account_email, "scope": MESSAGING, "aud": url, "iat": now, "exp": now + 600}
    assertion = jwt.encode(key.signer, claims).decode()
    _, ahead_s = _asked("POST", url, settings.api_base, data={"grant_type": JWT_BEARER, "assertion": assertion})
    return Answered(f"project {facts.get('project_id')} lets us in", ahead_s)


def _asked(method: str, url: str, base: str | None, **options: Any) -> tuple[dict[str, Any], float | None]:
    """The answer's JSON and by how much our clock is ahead; a proxy of the environment is for real providers only."""
    try:
        with httpx.Client(timeout=PATIENCE_S, trust_env=base is None) as client:
            answer = client.request(method, url, **options)
        told = answer.json()
    except httpx.HTTPError as error:
        raise Refused(f"does not answer ({type(error).__name__}): check the network and the firewall") from None
    except ValueError:
        raise Refused(f"answers {answer.status_code} in words that are not its own: is a proxy in between?") from None
    if answer.status_code >= 400 or not isinstance(told, dict):
        told = told if isinstance(told, dict) else {}
        why = told.get("message") or told.get("description") or told.get("error_description") or "no reason given"
        raise Refused(f"refuses our credentials or settings ({answer.status_code}: {why})")
    return told, _ahead(answer.headers.get("Date"))


def _ahead(date: str | None) -> float | None:
    try:
        return (datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds() if date else None
    except (TypeError, ValueError):
        return None


def mail(settings: Mail) -> Answered:
    """Greet the mail server, in TLS unless it is on this machine, and sign in. Raises Refused."""
    at, context = (settings.host, settings.port), ssl.create_default_context()
    try:
        with (
            smtplib.SMTP_SSL(*at, timeout=PATIENCE_S, context=context)
            if settings.is_tls
            else smtplib.SMTP(*at, timeout=PATIENCE_S)
        ) as server:
            if not settings.is_tls and not settings.is_local:
                server.starttls(context=context)
            server.ehlo_or_helo_if_needed()
            if settings.user is not None:
                server.login(settings.user, settings.password or "")
    except smtplib.SMTPAuthenticationError:
        raise Refused(f"{settings.host} does not know the user or the password in SMTP_URL") from None
    except (smtplib.SMTPException, OSError) as error:
        raise Refused(
            f"{settings.host}:{settings.port} does not answer ({type(error).__name__}): see SMTP_URL"
        ) from None
    return Answered(f"{settings.host}:{settings.port} takes mail from {settings.sender}", None)


def providers(settings: Settings) -> dict[str, Callable[[], Answered] | None]:
    """How to ask each provider; None for one that is off."""
    texts, chats, pushes = settings.twilio, settings.telegram, settings.firebase
    letters, webhook = settings.mail, f"{settings.public_url}/webhooks/telegram"
    return {
        "twilio": (lambda: twilio(texts)) if texts else None,
        "telegram": (lambda: telegram(chats, webhook)) if chats else None,
        "firebase": (lambda: firebase(pushes)) if pushes else None,
        "mail": (lambda: mail(letters)) if letters else None,
    }


def door(settings: Settings, port: int) -> str:
    """What stands at our own port and at the public address. Raises Refused when it is not we, or we are not well."""
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return f"nobody listens on port {port}: free for mcrm serve"
    local = _readiness(f"http://127.0.0.1:{port}", f"port {port} is used by another program, set MCRM_PORT")
    public = _readiness(settings.public_url, "MCRM_PUBLIC_URL does not lead to mCRM: check name, proxy and certificate")
    wrong = [f"{part}: {state}" for part, state in (local | public).items() if state not in {"ok", "off"}]
    if wrong:
        raise Refused(f"mCRM answers on port {port} but is not ready ({', '.join(wrong)}): see its log")
    return f"mCRM answers on port {port} and at {settings.public_url}"


def _readiness(base: str, otherwise: str) -> dict[str, str]:
    try:
        told = httpx.get(f"{base}/readyz", timeout=PATIENCE_S).json()
        return {str(part): str(state) for part, state in told["parts"].items()}
    except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError):
        raise Refused(otherwise) from None
