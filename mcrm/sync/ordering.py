"""Orders that a device took, and the stock leases that it sells from."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.api.fields import List, Money, Nested, Uuid
from mcrm.leases import service as leases
from mcrm.leases.models import LeaseState
from mcrm.leases.schemas import NewStockLeaseSchema
from mcrm.orders import placing
from mcrm.orders.placing import Wanted
from mcrm.orders.schemas import NewOrderSchema
from mcrm.pricing.rules import LARGEST_TOTAL
from mcrm.pricing.schemas import MOST_LINES, WantedSchema
from mcrm.products import service as products
from mcrm.settings_store import service as settings_store
from mcrm.settings_store.catalogue import OFFLINE_PRICE_HOURS
from mcrm.sync.errors import ReadOnly
from mcrm.sync.handing import Facts, New, given, instant


class OfflineLineSchema(WantedSchema):
    """An order line as a device writes it, with the stock lease that it sold from."""

    lease_id = Uuid(load_default=None, allow_none=True)


class OfflineOrderSchema(NewOrderSchema):
    """An order as a device writes it, with the total that it showed."""

    lines = List(Nested(OfflineLineSchema()), required=True, max_length=MOST_LINES)
    shown_total = Money(load_default=None, allow_none=True, maximum=LARGEST_TOTAL)


NEW_ORDER, NEW_LEASE = OfflineOrderSchema(), NewStockLeaseSchema()


def place(session: Session, actor: Actor, new: New) -> object:
    """At the prices of when it was taken, where the device had no network then; from the stock leases of then."""
    asked = [{name: value for name, value in given(part.facts).items() if name != "order_id"} for part in new.parts]
    facts = given(new.facts)
    loaded = NEW_ORDER.load({**facts, "lines": asked})
    lines = loaded.pop("lines")
    made = [{"id": part.id, "lease_id": line.pop("lease_id")} for part, line in zip(new.parts, lines, strict=True)]
    now = clock.now()
    hours = settings_store.value(session, OFFLINE_PRICE_HOURS)
    was_offline = new.silent_since is not None and new.silent_since <= new.created_at <= now
    is_recent = new.created_at >= now - timedelta(hours=hours)
    return placing.place(
        session,
        actor,
        id=new.id,
        created_at=new.created_at,
        lines=[Wanted(**line) for line in lines],
        made=made,
        priced_at=new.created_at if was_offline and is_recent else None,
        taken_at=min(new.created_at, now),
        **loaded,
    )


def lease(session: Session, actor: Actor, new: New) -> object:
    """Ask for pieces; by whatever time the device names, within the limits."""
    facts = {name: value for name, value in given(new.facts).items() if name != "state"}
    if "expires_at" in facts and (ends := instant(facts.pop("expires_at"), new.created_at)) != new.created_at:
        facts["expires_at"] = ends.isoformat()
    loaded = NEW_LEASE.load(facts)
    products.reachable(session, actor, loaded["product_id"], field="product_id")
    return leases.grant(session, actor, id=new.id, created_at=new.created_at, **loaded)


def give_back(session: Session, actor: Actor, id: UUID, facts: Facts) -> object:
    """All that is left: the device says so by the state."""
    if facts != {"state": LeaseState.RETURNED.value}:
        raise ReadOnly
    return leases.give_back(session, actor, id)
