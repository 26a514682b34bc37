"""Who acts, and through which channel; handed to every use case."""

from dataclasses import dataclass, field
from enum import StrEnum
from uuid import UUID


class Role(StrEnum):
    """What somebody is here for; operations declare which of these may call them."""

    ADMIN = "admin"
    MANAGER = "manager"
    REP = "rep"
    AGENT = "agent"
    CUSTOMER = "customer"
    INTEGRATION = "integration"
    SYSTEM = "system"


STAFF = frozenset({Role.ADMIN, Role.MANAGER, Role.REP, Role.AGENT})


class Area(StrEnum):
    """What an integration key may be let into, for reading or for writing too; blueprints say which is theirs."""

    TERRITORIES = "territories"
    ACCOUNTS = "accounts"
    CONTACTS = "contacts"
    CONSENTS = "consents"
    TIMELINES = "timelines"
    DELIVERIES = "deliveries"
    PRODUCTS = "products"
    STOCK = "stock"
    ORDERS = "orders"
    BOOKS = "books"
    OFFERS = "offers"
    LEADS = "leads"
    OPPORTUNITIES = "opportunities"
    TARGETS = "targets"
    SEARCH = "search"
    BULK = "bulk"


class Channel(StrEnum):
    """Through which door something came in or goes out."""

    API = "api"
    APP = "app"
    SMS = "sms"
    TELEGRAM = "telegram"
    PUSH = "push"
    EMAIL = "email"
    CLI = "cli"
    SYSTEM = "system"


class Scope(StrEnum):
    """How far somebody sees: the own rows, the team's, the granted territories', everything."""

    OWN = "own"
    TEAM = "team"
    TERRITORY = "territory"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts now.

    `id` is the user's id for staff, the contact's id for a customer, the key's id for an integration, None for the
    system. `contact_id` stands for customers only. `territory_ids` are those granted to a rep or a key. `level` is how
    surely a customer is known (0 unknown, 1 by the channel's address, 2 verified, 3 verified within five minutes).
    `session_id` is the sign-in, `permits` what a key is let into (`orders:read`), `request_id` the request's own.
    """

    role: Role
    channel: Channel
    id: UUID | None = None
    contact_id: UUID | None = None
    scope: Scope = Scope.OWN
    territory_ids: frozenset[UUID] = field(default_factory=frozenset)
    level: int = 0
    session_id: UUID | None = None
    device_id: str | None = None
    permits: frozenset[str] = frozenset()
    request_id: str | None = None

    @property
    def is_staff(self) -> bool:
        """Whether this is somebody of the business, not a customer and not the system."""
        return self.role in STAFF

    @property
    def sees_all(self) -> bool:
        """Whether no row filter applies."""
        return self.scope is Scope.ALL

    @property
    def label(self) -> str:
        """How the log names the actor: `user:<id>`, `integration:<id>`, `customer:<id>`, `customer` or `system`."""
        if self.role is Role.SYSTEM:
            return "system"
        kind = self.role.value if self.role in {Role.CUSTOMER, Role.INTEGRATION} else "user"
        return f"{kind}:{self.id}" if self.id else kind


SYSTEM = Actor(role=Role.SYSTEM, channel=Channel.SYSTEM, scope=Scope.ALL)
