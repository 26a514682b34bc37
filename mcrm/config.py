"""Settings: one frozen dataclass, read once from the environment; what is missing, weak or odd stops the start.

Names and meaning stand in docs/reference/settings.md; nothing else in the house reads the environment.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from mcrm import clock

WEAK_SECRETS = frozenset({"changeme", "change-me", "secret", "password", "test", "example", "development", "dev"})
SHORTEST_SECRET = 32
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
BOT_USERNAME = (r"[A-Za-z][A-Za-z0-9_]{3,30}[A-Za-z0-9]", "the bot's name without @, 5 to 32 of A-Z a-z 0-9 _")


class BadSetting(Exception):
    """A setting is missing, weak or odd; the text names it and says what is allowed."""

    def __init__(self, name: str, problem: str) -> None:
        """`name` is the environment variable at fault."""
        self.name = name
        super().__init__(f"{name}: {problem}")


@dataclass(frozen=True, slots=True)
class Twilio:
    """The SMS provider: account, the sender, and where its API is (an origin; None is the real one)."""

    account_sid: str
    auth_token: str
    sender: str | None
    messaging_service_sid: str | None
    api_base: str | None


@dataclass(frozen=True, slots=True)
class Telegram:
    """The Telegram bot: its token, the webhook's secret, where the Bot API is, and the name that `t.me` links use."""

    bot_token: str
    webhook_secret: str
    api_base: str | None
    bot_username: str | None = None


@dataclass(frozen=True, slots=True)
class Firebase:
    """Push: the path of the service-account key, and where FCM is."""

    credentials: Path
    api_base: str | None


@dataclass(frozen=True, slots=True)
class Mail:
    """The SMTP server that takes our mail, and the address that it comes from; `is_tls`: from the first byte on."""

    host: str
    port: int
    is_tls: bool
    user: str | None
    password: str | None
    sender: str

    def __repr__(self) -> str:
        """Without the password."""
        return f"Mail({self.host}:{self.port})"

    @property
    def is_local(self) -> bool:
        """Whether the server is on this machine, so that nobody could listen in."""
        return self.host in LOOPBACK


@dataclass(frozen=True, slots=True)
class Limits:
    """How much, how often; every one is a setting `MCRM_LIMIT_<NAME>`."""

    inbound_per_minute: int = 20
    otp_per_hour: int = 3
    otp_per_ip_hour: int = 20
    otp_per_prefix_hour: int = 30
    otp_per_day: int = 2000
    otp_tries: int = 5
    otp_seconds: int = 300
    login_tries: int = 10
    login_minutes: int = 15
    telegram_per_second: int = 25
    telegram_per_chat_second: int = 1
    sms_segments_per_second: int = 1
    push_per_second: int = 5000
    mail_per_second: int = 10
    body_bytes: int = 1_000_000
    access_token_seconds: int = 900
    refresh_token_days: int = 60
    refresh_grace_seconds: int = 30
    idempotency_hours: int = 48
    live_streams: int = 2000
    requests_in_flight: int = 200


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything a process needs to know. Secrets have no defaults and never appear in `repr`."""

    database_url: str
    secret_key: str
    public_url: str
    default_region: str
    default_locale: str
    timezone: ZoneInfo
    currency: str
    sqlite_synchronous: str
    proxies: int
    web_workers: int
    log_format: str
    business_name: str
    business_address: tuple[str, ...]
    business_tax_number: str | None
    sms_countries: frozenset[str]
    carrier_secrets: Mapping[str, str]
    order_hold_hours: int
    models: Path
    phones_origin: str | None
    limits: Limits
    twilio: Twilio | None
    telegram: Telegram | None
    firebase: Firebase | None
    mail: Mail | None

    @property
    def channels(self) -> frozenset[str]:
        """The channels on which messages can leave: those whose provider has its settings."""
        on = {"sms": self.twilio, "telegram": self.telegram, "push": self.firebase, "email": self.mail}
        return frozenset(channel for channel, provider in on.items() if provider is not None)

    def __repr__(self) -> str:
        """Without secrets: a settings object ends up in tracebacks and logs."""
        on = [name for name in ("twilio", "telegram", "firebase", "mail") if getattr(self, name)]
        return f"Settings({urlsplit(self.database_url).scheme}, providers={on})"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> "Settings":
        """Read and check all settings; raises BadSetting, which names the variable at fault."""
        read = _Reader(environment)
        return cls(
            database_url=read.required("MCRM_DATABASE_URL", _database_url),
            secret_key=read.required("MCRM_SECRET_KEY", _secret),
            public_url=read.required("MCRM_PUBLIC_URL", _origin),
            default_region=read.optional("MCRM_DEFAULT_REGION", "GB", _region),
            default_locale=read.optional("MCRM_DEFAULT_LOCALE", "en", _locale),
            timezone=read.optional("MCRM_TIMEZONE", "UTC", _timezone),
            currency=read.optional("MCRM_CURRENCY", "GBP", _currency),
            sqlite_synchronous=read.optional("MCRM_SQLITE_SYNCHRONOUS", "FULL", _one_of("FULL", "NORMAL")),
            proxies=read.optional("MCRM_PROXIES", "0", _whole(0, 5)),
            web_workers=read.optional("MCRM_WEB_WORKERS", "1", _whole(1, 64)),
            log_format=read.optional("MCRM_LOG_FORMAT", "json", _one_of("json", "console")),
            business_name=read.optional("MCRM_BUSINESS_NAME", "mCRM", _short_text),
            business_address=read.optional("MCRM_BUSINESS_ADDRESS", "", _address),
            business_tax_number=read.optional("MCRM_BUSINESS_TAX_NUMBER", "", _short_text) or None,
            sms_countries=read.optional("MCRM_SMS_COUNTRIES", "", _countries),
            carrier_secrets=read.optional("MCRM_CARRIER_SECRETS", "", _carrier_secrets),
            order_hold_hours=read.optional("MCRM_ORDER_HOLD_HOURS", "0", _whole(0, 24 * 366)),
            models=read.optional("MCRM_BOT_MODELS", "var/bots", Path),
            phones_origin=read.optional("MCRM_PHONES_ORIGIN", "", _phones_origin),
            limits=_limits(read),
            twilio=_twilio(read),
            telegram=_telegram(read),
            firebase=_firebase(read),
            mail=_mail(read),
        )


class _Reader:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment

    def get(self, name: str) -> str | None:
        return self.environment.get(name, "").strip() or None

    def required(self, name: str, parse: Callable[[str], Any]) -> Any:
        if (value := self.get(name)) is None:
            raise BadSetting(name, "is not set; mCRM cannot start without it")
        return self.parsed(name, value, parse)

    def optional(self, name: str, default: str, parse: Callable[[str], Any]) -> Any:
        return self.parsed(name, self.get(name) or default, parse)

    def parsed(self, name: str, value: str, parse: Callable[[str], Any]) -> Any:
        try:
            return parse(value)
        except ValueError as error:
            raise BadSetting(name, str(error)) from None

    def group(self, required: tuple[str, ...]) -> bool:
        """Whether a provider is on; some of its settings without the others is a mistake, not a choice."""
        present = [name for name in required if self.get(name)]
        if present and len(present) < len(required):
            missing = next(name for name in required if name not in present)
            raise BadSetting(missing, f"is not set, but {present[0]} is; set both or neither")
        return bool(present)


def _twilio(read: _Reader) -> Twilio | None:
    if not read.group(("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN")):
        return None
    sender, service = read.get("TWILIO_FROM"), read.get("TWILIO_MESSAGING_SERVICE_SID")
    if bool(sender) == bool(service):
        raise BadSetting("TWILIO_FROM", "set exactly one of TWILIO_FROM and TWILIO_MESSAGING_SERVICE_SID")
    return Twilio(
        account_sid=read.required("TWILIO_ACCOUNT_SID", _pattern(r"AC[0-9a-fA-F]{32}", "AC and 32 hex digits")),
        auth_token=read.required("TWILIO_AUTH_TOKEN", _provider_secret),
        sender=sender and read.parsed("TWILIO_FROM", sender, _pattern(r"\+[1-9]\d{6,14}", "an E.164 number")),
        messaging_service_sid=service,
        api_base=_base(read, "TWILIO_API_BASE"),
    )


def _telegram(read: _Reader) -> Telegram | None:
    if not read.group(("TELEGRAM_BOT_TOKEN", "TELEGRAM_WEBHOOK_SECRET")):
        return None
    secret = _pattern(r"[A-Za-z0-9_-]{16,256}", "16-256 characters A-Z a-z 0-9 _ -")
    username = read.get("TELEGRAM_BOT_USERNAME")
    return Telegram(
        bot_token=read.required("TELEGRAM_BOT_TOKEN", _pattern(r"\d{5,15}:[A-Za-z0-9_-]{20,}", "<digits>:<secret>")),
        webhook_secret=read.required("TELEGRAM_WEBHOOK_SECRET", secret),
        api_base=_base(read, "TELEGRAM_API_BASE"),
        bot_username=username and read.parsed("TELEGRAM_BOT_USERNAME", username, _pattern(*BOT_USERNAME)),
    )


def _firebase(read: _Reader) -> Firebase | None:
    if not read.get("FIREBASE_CREDENTIALS"):
        return None
    return Firebase(credentials=read.required("FIREBASE_CREDENTIALS", _file), api_base=_base(read, "FCM_API_BASE"))


def _mail(read: _Reader) -> Mail | None:
    if not read.group(("SMTP_URL", "SMTP_FROM")):
        return None
    at = urlsplit(read.required("SMTP_URL", _smtp_url))
    is_tls = at.scheme == "smtps"
    return Mail(
        host=at.hostname or "",
        port=at.port or (465 if is_tls else 587),
        is_tls=is_tls,
        user=unquote(at.username) if at.username else None,
        password=unquote(at.password) if at.password else None,
        sender=read.required("SMTP_FROM", _pattern(r"[!-?A-~]+@[!-?A-~]+", "a plain mail address")),
    )


def _smtp_url(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("must be smtp://user:password@host:587 (with STARTTLS) or smtps://user:password@host:465")
    if parts.port == 0 or bool(parts.username) != bool(parts.password):
        raise ValueError("needs a port that exists, and both user and password or neither")
    return value


def _base(read: _Reader, name: str) -> str | None:
    return read.parsed(name, value, _origin) if (value := read.get(name)) else None


def _limits(read: _Reader) -> Limits:
    ceiling = 1_000_000_000
    return Limits(
        **{
            field.name: read.optional(f"MCRM_LIMIT_{field.name.upper()}", str(field.default), _whole(1, ceiling))
            for field in fields(Limits)
        }
    )


def _database_url(value: str) -> str:
    scheme = value.partition(":")[0]
    if scheme in {"postgres", "postgresql"}:
        value, scheme = "postgresql+psycopg" + value[len(scheme) :], "postgresql+psycopg"
    if scheme not in {"sqlite", "postgresql+psycopg"}:
        raise ValueError("must begin with sqlite:/// or postgresql://")
    if scheme == "sqlite" and not re.fullmatch(r"sqlite:///[^?]+", value):
        raise ValueError("a SQLite URL names a file: sqlite:////absolute/path or sqlite:///relative/path")
    if scheme == "sqlite" and ":memory:" in value:
        raise ValueError("a database in memory would be another one in each process; name a file")
    return value


def _secret(value: str) -> str:
    if len(value) < SHORTEST_SECRET or value.lower().strip("-_.! ") in WEAK_SECRETS or len(set(value)) < 8:
        raise ValueError(f"is too weak: at least {SHORTEST_SECRET} random characters, e.g. `openssl rand -hex 32`")
    if any(word in value.lower() for word in ("changeme", "change-me", "example", "your-secret")):
        raise ValueError("is an example, not a secret; make your own with `openssl rand -hex 32`")
    return value


def _provider_secret(value: str) -> str:
    if len(value) < 16 or value.lower() in WEAK_SECRETS:
        raise ValueError("is not a secret that a provider would give out (at least 16 characters)")
    return value


def _origin(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ValueError("must be an origin such as https://crm.example.com, without a path")
    if not value.isascii() or "@" in parts.netloc:
        raise ValueError("must be plain ASCII and carry no user name")
    return value.rstrip("/")


def _phones_origin(value: str) -> str | None:
    if value and not re.fullmatch(r"https?://[A-Za-z0-9.:\[\]-]+", value):
        raise ValueError("must be an origin such as http://127.0.0.1:8001")
    return value or None


def _region(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{2}", value):
        raise ValueError("must be a two-letter country such as GB")
    return value


def _countries(value: str) -> frozenset[str]:
    return frozenset(_region(part.strip()) for part in value.split(",") if part.strip())


def _carrier_secrets(value: str) -> Mapping[str, str]:
    """`name:secret,…`; the name is the one in the webhook's path."""
    found: dict[str, str] = {}
    for part in filter(None, (part.strip() for part in value.split(","))):
        name, _, secret = part.partition(":")
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", name) or name in found:
            raise ValueError("must be name:secret,… with each name once, in small letters, digits and dashes")
        found[name] = _provider_secret(secret)
    return MappingProxyType(found)


def _locale(value: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?", value):
        raise ValueError("must be a BCP 47 tag such as en or es-MX")
    return value


def _timezone(value: str) -> ZoneInfo:
    if value not in clock.zones():
        raise ValueError("must be an IANA time zone such as Europe/London")
    return ZoneInfo(value)


def _currency(value: str) -> str:
    if not re.fullmatch(r"[A-Z]{3}", value):
        raise ValueError("must be an ISO 4217 code such as GBP")
    return value


def _short_text(value: str) -> str:
    if len(value) > 40 or not value.isprintable():
        raise ValueError("must be at most 40 printable characters")
    return value


def _address(value: str) -> tuple[str, ...]:
    lines = tuple(line.strip() for line in value.split(";") if line.strip())
    if len(lines) > 6 or any(len(line) > 60 or not line.isprintable() for line in lines):
        raise ValueError("must be at most 6 lines of 60 printable characters, with semicolons between them")
    return lines


def _file(value: str) -> Path:
    path = Path(value)
    if not path.is_file():
        raise ValueError(f"there is no file {value}")
    return path


def _whole(lowest: int, highest: int) -> Callable[[str], int]:
    def parse(value: str) -> int:
        if not re.fullmatch(r"\d{1,12}", value) or not lowest <= int(value) <= highest:
            raise ValueError(f"must be a whole number from {lowest} to {highest}")
        return int(value)

    return parse


def _one_of(*allowed: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"must be one of {', '.join(allowed)}")
        return value

    return parse


def _pattern(pattern: str, meaning: str) -> Callable[[str], str]:
    def parse(value: str) -> str:
        if not re.fullmatch(pattern, value):
            raise ValueError(f"must be {meaning}")
        return value

    return parse
