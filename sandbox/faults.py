"""What goes wrong on purpose: asked for over the control calls, taken by the next requests that match."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

PROVIDERS = frozenset({"twilio", "telegram", "fcm", "mail"})
ANSWERS = ("error", "rate_limit", "server_error", "hang", "unregistered_token", "blocked", "accept_then_drop_reply")
CALLBACKS = ("drop_callback", "duplicate_callback", "reorder_callbacks")
KINDS = frozenset({*ANSWERS, *CALLBACKS, "latency"})
OF_MAIL = frozenset({"error", "rate_limit", "server_error", "hang", "accept_then_drop_reply", "latency"})


@dataclass(slots=True)
class Fault:
    """One thing that goes wrong: `count` times (None: until deleted), for one address `to` or for all."""

    provider: str
    kind: str
    count: int | None = None
    to: str | None = None
    extra: dict[str, Any] = field(default_factory=dict)

    def shown(self) -> dict[str, Any]:
        """The fault as the control calls show it."""
        return {"provider": self.provider, "kind": self.kind, "count": self.count, "to": self.to, **self.extra}


class Hung(Exception):
    """The request was held and cut; nothing of it happened."""


class Faults:
    """The faults that are still to happen, oldest first."""

    def __init__(self) -> None:
        """Nothing goes wrong at first."""
        self.active: list[Fault] = []

    def add(self, wanted: dict[str, Any]) -> Fault:
        """Add one fault; raises ValueError with one sentence when it makes no sense."""
        facts = dict(wanted)
        provider, kind, count = facts.pop("provider", None), facts.pop("kind", None), facts.pop("count", None)
        to = facts.pop("to", None)
        if provider not in PROVIDERS:
            raise ValueError(f"provider must be one of {', '.join(sorted(PROVIDERS))}")
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(sorted(KINDS))}")
        if provider == "mail" and kind not in OF_MAIL:
            raise ValueError(f"mail fails in one of these ways: {', '.join(sorted(OF_MAIL))}")
        if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 1):
            raise ValueError("count must be a whole number from 1, or absent")
        for name in ("ms", "s", "retry_after_s"):
            if name in facts and (isinstance(facts[name], bool) or not isinstance(facts[name], int | float)):
                raise ValueError(f"{name} must be a number")
        if kind == "error":
            _check_code(provider, facts.get("code"))
        fault = Fault(provider, kind, count, None if to is None else str(to), facts)
        self.active.append(fault)
        return fault

    def clear(self) -> None:
        """Everything works again."""
        self.active.clear()

    def take(self, provider: str, to: str, *kinds: str) -> Fault | None:
        """The oldest matching fault, with one use of it spent; None is the usual case."""
        if not self.active:
            return None
        for fault in self.active:
            if fault.provider == provider and fault.kind in kinds and fault.to in (None, to):
                if fault.count is not None:
                    fault.count -= 1
                    if fault.count == 0:
                        self.active.remove(fault)
                return fault
        return None

    async def answer(self, request: web.Request, provider: str, to: str) -> Fault | None:
        """Let the latency pass, then say how this request fails; a hang is waited out, cut, and ends as Hung."""
        if not self.active:
            return None
        if slow := self.take(provider, to, "latency"):
            await asyncio.sleep(float(slow.extra.get("ms", 1000)) / 1000)
        fault = self.take(provider, to, *ANSWERS)
        if fault is not None and fault.kind == "hang":
            await asyncio.sleep(float(fault.extra.get("s", 60)))
            cut(request)
            raise Hung
        return fault


def _check_code(provider: str, code: Any) -> None:
    number = str(code).isascii() and str(code).isdigit()
    if not number and (provider != "fcm" or not isinstance(code, str)):
        raise ValueError("an error needs a code: a number, or for fcm the name of an FcmError")
    if provider == "mail" and not 400 <= int(code) <= 599:
        raise ValueError("a mail server refuses with a code from 400 to 599")


def cut(request: web.Request) -> None:
    """Cut the connection, so that the client never learns what became of its request."""
    if request.transport is not None:
        request.transport.abort()
