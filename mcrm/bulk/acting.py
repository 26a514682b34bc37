"""Who a job acts for: the user as he stands now, so that rights taken away while it runs are gone for its next rows."""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm.access.login import SCOPES
from mcrm.access.models import User
from mcrm.actors import Actor, Area, Channel, Role, Scope
from mcrm.bulk.errors import NotYours
from mcrm.integrations import service as integrations
from mcrm.territories.models import ScopeGrant

KEEPERS = frozenset({Role.ADMIN, Role.MANAGER})
BRINGERS = KEEPERS | {Role.REP}
MAY_BRING = {
    "contacts": BRINGERS,
    "products": KEEPERS,
    "prices": KEEPERS,
    "stock": KEEPERS,
}
MAY_TAKE = dict.fromkeys(("contacts", "products", "prices", "stock", "orders"), BRINGERS)
MAY_CHANGE = {"contacts": BRINGERS, "accounts": BRINGERS, "products": KEEPERS}
AREAS = {
    "contacts": Area.CONTACTS,
    "products": Area.PRODUCTS,
    "prices": Area.PRODUCTS,
    "stock": Area.STOCK,
    "orders": Area.ORDERS,
}
"""What a key must permit beside `bulk`: `:write` to bring rows of it in, `:read` to take them out."""
COMMAND_LINE = Actor(role=Role.SYSTEM, channel=Channel.CLI, scope=Scope.ALL)


def require(actor: Actor, allowed: dict[str, frozenset[Role]], resource: str) -> None:
    """Raise NotYours unless the actor's role, or a key's scopes, may; the command line may everything."""
    if actor.role is Role.INTEGRATION:
        verb = "read" if allowed is MAY_TAKE else "write"
        may = f"{AREAS[resource].value}:{verb}" in actor.permits
    else:
        may = actor.role is Role.SYSTEM or actor.role in allowed[resource]
    if not may:
        raise NotYours


def actor_of(session: Session, user_id: UUID | None, label: str = "") -> Actor | None:
    """The user of a job with the rights of this moment; None once he may not act any more.

    `label` is how the log named who started it: where that was another program, the id is its key's.
    """
    if user_id is None:
        return COMMAND_LINE
    if label.startswith(f"{Role.INTEGRATION.value}:"):
        return integrations.actor_of(session, user_id)
    user = session.get(User, user_id)
    if user is None or not user.is_active:
        return None
    role = Role(user.role)
    granted = select(ScopeGrant.territory_id).where(ScopeGrant.user_id == user.id, ScopeGrant.revoked_at.is_(None))
    territories = frozenset(session.scalars(granted)) if role is Role.REP else frozenset()
    return Actor(role=role, channel=Channel.API, id=user.id, scope=SCOPES[role], territory_ids=territories)
