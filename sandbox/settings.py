"""What the sandbox reads from the environment: the same names as the product, so that one file serves both."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

DEFAULT_PORT = 8001
DEFAULT_BOT = "harbour_pine_bot"


class BadSandboxSetting(Exception):
    """A setting of the sandbox is odd; the text names it in one sentence."""


@dataclass(frozen=True, slots=True)
class SandboxSettings:
    """Accounts at the pretended carriers; an account that is not set refuses everybody, like a wrong password.

    `callback_delay_s` is the mean pause between two status callbacks; `keep` how many items stay in memory. Mail is
    off without a `smtp_port`; without a `smtp_user` nobody has to sign in to send it.
    """

    twilio_account_sid: str = ""
    twilio_auth_token: str = ""
    twilio_from: str = ""
    twilio_messaging_service_sid: str = ""
    telegram_bot_token: str = ""
    telegram_webhook_secret: str = ""
    telegram_bot_username: str = DEFAULT_BOT
    firebase_credentials: Path | None = None
    public_url: str = ""
    log: Path | None = None
    people: Path | None = None
    port: int = DEFAULT_PORT
    smtp_port: int | None = None
    smtp_user: str = ""
    smtp_password: str = ""
    strict_rates: bool = False
    callback_delay_s: float = 0.25
    keep: int = 200_000

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "SandboxSettings":
        """Read the settings; raises BadSandboxSetting, which names the variable at fault."""

        def text(name: str, default: str = "") -> str:
            return environ.get(name, "").strip() or default

        def path(name: str) -> Path | None:
            return Path(value) if (value := text(name)) else None

        login = urlsplit(text("SMTP_URL"))
        public_url = text("MCRM_PUBLIC_URL").rstrip("/")
        if public_url and not is_loopback(urlsplit(public_url).hostname or ""):
            raise BadSandboxSetting("MCRM_PUBLIC_URL: the sandbox calls webhooks on this machine only (127.0.0.1)")
        return cls(
            twilio_account_sid=text("TWILIO_ACCOUNT_SID"),
            twilio_auth_token=text("TWILIO_AUTH_TOKEN"),
            twilio_from=text("TWILIO_FROM"),
            twilio_messaging_service_sid=text("TWILIO_MESSAGING_SERVICE_SID"),
            telegram_bot_token=text("TELEGRAM_BOT_TOKEN"),
            telegram_webhook_secret=text("TELEGRAM_WEBHOOK_SECRET"),
            telegram_bot_username=text("MCRM_SANDBOX_BOT_USERNAME", DEFAULT_BOT),
            firebase_credentials=path("FIREBASE_CREDENTIALS"),
            public_url=public_url,
            log=path("MCRM_SANDBOX_LOG"),
            people=path("MCRM_SANDBOX_PEOPLE"),
            port=_whole(text("MCRM_SANDBOX_PORT", str(DEFAULT_PORT)), "MCRM_SANDBOX_PORT", 65_535),
            smtp_port=_whole(at, "MCRM_SANDBOX_SMTP_PORT", 65_535) if (at := text("MCRM_SANDBOX_SMTP_PORT")) else None,
            smtp_user=unquote(login.username or ""),
            smtp_password=unquote(login.password or ""),
            strict_rates=text("MCRM_SANDBOX_STRICT_RATES") == "1",
            callback_delay_s=_whole(text("MCRM_SANDBOX_CALLBACK_MS", "250"), "MCRM_SANDBOX_CALLBACK_MS", 600_000)
            / 1000,
            keep=_whole(text("MCRM_SANDBOX_KEEP", "200000"), "MCRM_SANDBOX_KEEP", 10_000_000),
        )


def is_loopback(host: str) -> bool:
    """Whether a host name or address means this machine and nothing else."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _whole(value: str, name: str, highest: int) -> int:
    if not (value.isascii() and value.isdigit() and int(value) <= highest):
        raise BadSandboxSetting(f"{name}: must be a whole number up to {highest}")
    return int(value)
