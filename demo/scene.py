"""Where the demo keeps its things, and the settings it runs with: fresh secrets each time, providers in a box."""

import fcntl
import json
import os
import secrets
import shlex
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.keys import make_service_account

OUR_NUMBER = "+447700900100"
OUR_BOT = "harbour_pine_bot"
OUR_MAIL = "hello@harbourandpine.example"
PORTS = {"MCRM_PORT": "8000", "MCRM_SANDBOX_PORT": "8001", "MCRM_SANDBOX_SMTP_PORT": ""}


def folder_of(environment: Mapping[str, str]) -> Path:
    """Where the demo keeps its things: `var` below the present folder, or MCRM_DEMO_FOLDER."""
    return Path(environment.get("MCRM_DEMO_FOLDER") or "var").resolve()


def shown(path: Path) -> str:
    """The path as somebody in the present folder would type it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


class CannotStart(Exception):
    """The demo cannot start; the text is one sentence that says why and what to do."""


@dataclass(frozen=True, slots=True)
class Scene:
    """The demo's folder, ports and addresses."""

    folder: Path
    port: int
    sandbox_port: int
    smtp_port: int
    database_url: str

    @classmethod
    def of(cls, environment: Mapping[str, str], folder: Path) -> "Scene":
        """From the settings of PORTS and MCRM_DATABASE_URL; raises CannotStart for odd ports.

        Whoever moves the sandbox need not move its mail server: it takes the first free port after the sandbox's.
        """
        ports: dict[str, int] = {}
        for name, default in PORTS.items():
            value = environment.get(name) or default or str(_free_after(*ports.values()))
            if not value.isdecimal() or not 1 <= int(value) <= 65535:
                raise CannotStart(f"{name} must be a port from 1 to 65535, not {value!r}.")
            if other := next((other for other, taken in ports.items() if taken == int(value)), None):
                raise CannotStart(f"{other} and {name} are both {value}; give one of them another port.")
            ports[name] = int(value)
        url = environment.get("MCRM_DATABASE_URL") or f"sqlite:///{folder / 'demo.db'}"
        web, sandbox, smtp = (ports[name] for name in PORTS)
        return cls(folder, web, sandbox, smtp, url)

    @property
    def base_url(self) -> str:
        """Where the web process answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox_url(self) -> str:
        """Where the carriers answer."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    @property
    def ports(self) -> dict[str, int]:
        """What has to be free, by the setting that moves it."""
        return dict(zip(PORTS, (self.port, self.sandbox_port, self.smtp_port), strict=True))

    @property
    def env_file(self) -> Path:
        """The settings, to be sourced by a shell."""
        return self.folder / "demo.env"

    @property
    def description(self) -> Path:
        """What scripts read of the running demo."""
        return self.folder / "demo.json"

    @property
    def people(self) -> Path:
        """Whose phones the page shows."""
        return self.folder / "people.json"

    def log_of(self, process: str) -> Path:
        """Where a process writes its log."""
        return self.folder / f"{process}.log"

    def settings(self) -> dict[str, str]:
        """The environment of all the demo's processes; the service-account key is made beside it."""
        key = self.folder / "firebase-demo-key.json"
        make_service_account(key, token_uri=f"{self.sandbox_url}/token", project_id="harbour-and-pine")
        return {
            "MCRM_DATABASE_URL": self.database_url,
            "MCRM_SECRET_KEY": secrets.token_hex(32),
            "MCRM_PUBLIC_URL": self.base_url,
            "MCRM_PORT": str(self.port),
            "MCRM_SANDBOX_PORT": str(self.sandbox_port),
            "MCRM_SANDBOX_SMTP_PORT": str(self.smtp_port),
            "MCRM_DEFAULT_REGION": "GB",
            "MCRM_DEFAULT_LOCALE": "en",
            "MCRM_TIMEZONE": "Europe/London",
            "MCRM_CURRENCY": "GBP",
            "MCRM_BUSINESS_NAME": "Harbour & Pine",
            "MCRM_BUSINESS_ADDRESS": "1 Quay Street; Bristol BS1 4ND; United Kingdom",
            "TWILIO_ACCOUNT_SID": f"AC{secrets.token_hex(16)}",
            "TWILIO_AUTH_TOKEN": secrets.token_hex(16),
            "TWILIO_FROM": OUR_NUMBER,
            "TWILIO_API_BASE": self.sandbox_url,
            "TELEGRAM_BOT_TOKEN": f"700100:{secrets.token_urlsafe(26)}",
            "TELEGRAM_WEBHOOK_SECRET": secrets.token_urlsafe(24),
            "TELEGRAM_BOT_USERNAME": OUR_BOT,
            "TELEGRAM_API_BASE": self.sandbox_url,
            "FIREBASE_CREDENTIALS": str(key),
            "FCM_API_BASE": self.sandbox_url,
            "SMTP_URL": f"smtp://shop:{secrets.token_urlsafe(16)}@127.0.0.1:{self.smtp_port}",
            "SMTP_FROM": OUR_MAIL,
            "MCRM_PHONES_ORIGIN": self.sandbox_url,
            "MCRM_SANDBOX_BOT_USERNAME": OUR_BOT,
            "MCRM_SANDBOX_LOG": str(self.folder / "accepted.jsonl"),
            "MCRM_SANDBOX_PEOPLE": str(self.people),
            # A demo is played by hand and by load runs alike: a person's limits would only be in the way.
            "MCRM_LIMIT_INBOUND_PER_MINUTE": "100000",
            "MCRM_LIMIT_SMS_SEGMENTS_PER_SECOND": "1000",
            "MCRM_LIMIT_TELEGRAM_PER_SECOND": "1000",
            "MCRM_LIMIT_TELEGRAM_PER_CHAT_SECOND": "1000",
            "MCRM_LIMIT_MAIL_PER_SECOND": "1000",
            "MCRM_LIMIT_OTP_PER_HOUR": "100",
        }

    def write_env(self, settings: Mapping[str, str]) -> None:
        """Write the settings for a shell, readable by the owner alone: they hold secrets."""
        self.env_file.touch(mode=0o600)
        self.env_file.chmod(0o600)
        lines = (f"export {name}={shlex.quote(value)}\n" for name, value in settings.items())
        self.env_file.write_text("".join(lines))

    def describe(self, facts: Mapping[str, Any]) -> None:
        """Write what scripts read, at once or not at all: they may look while it changes."""
        beside = self.description.with_suffix(".new")
        beside.touch(mode=0o600)  # it holds passwords
        beside.write_text(json.dumps(dict(facts), indent=2) + "\n")
        beside.replace(self.description)


def claim(folder: Path) -> int:
    """Keep the folder for this process until it ends; raises CannotStart while another demo runs in it.

    Gives the lock's file descriptor, which nobody needs to close: the lock goes with the process, killed or not.
    """
    lock = os.open(folder / "demo.lock", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise CannotStart(
            f"A demo runs in {folder} already; stop it, or give this one another folder with MCRM_DEMO_FOLDER."
        ) from None
    return lock


def require_free(port: int, name: str) -> None:
    """Raise CannotStart when somebody listens on that loopback port."""
    if error := _why_taken(port):
        raise CannotStart(f"Port {port} cannot be had ({error.strerror}); stop what uses it or set {name} to another.")


def _free_after(web: int, sandbox: int) -> int:
    """The first port after the sandbox's that can be had and is not the web process's."""
    after = (port for port in range(sandbox + 1, 65536) if port != web and not _why_taken(port))
    return next(after, web + 1)


def _why_taken(port: int) -> OSError | None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error
    return None
