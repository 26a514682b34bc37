"""What one application's API root holds; handed in once by `make_api`, looked up by the hooks."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import current_app

from mcrm.actors import Actor, Role
from mcrm.api.ratelimit import Buckets

EXTENSION = "mcrm"


@dataclass(frozen=True, slots=True)
class Access:
    """Who may call one operation, and what it takes: declared beside its route.

    `roles` is empty for a public operation. `takes_query`: it declares query parameters; without, every one is
    unknown. `body_limit` in bytes replaces the application's. `replays`: it honours an Idempotency-Key. `scope` is what
    an integration key must permit (`orders:read`); without, no key is let in.
    """

    roles: frozenset[Role]
    public: bool = False
    takes_query: bool = False
    body_limit: int | None = None
    replays: bool = False
    scope: str | None = None


@dataclass(slots=True)
class Root:
    """The parts that the conventions need; `access` fills while blueprints register."""

    authenticate: Callable[[str], Actor]
    default_region: str
    cursor_key: bytes
    https: bool
    by_actor: Buckets
    by_address: Buckets
    access: dict[tuple[str, str], Access] = field(default_factory=dict)
    open_endpoints: set[str] = field(default_factory=set)
    checks: Mapping[str, Callable[[], str | None]] = field(default_factory=dict)
    examples: Mapping[str, Any] = field(default_factory=dict)


def root() -> Root:
    """The root of the current application."""
    state: Root = current_app.extensions[EXTENSION]
    return state
