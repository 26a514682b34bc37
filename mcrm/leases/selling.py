"""What an order takes out of its seller's leases before it asks for anything that is free.

An order may draw on a lease when it was taken before the lease's end, even if it comes later, as long as pieces are
left: the lease waits for it for the grace. So a device whose clock is wrong gets at most what the lease holds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from mcrm.actors import Actor, Role
from mcrm.leases.errors import LeaseExpired, LeaseUnknown
from mcrm.leases.models import LeaseState, StockLease
from mcrm.leases.service import TABLE, held_by
from mcrm.prepared import Prepared
from mcrm.stock import service as stock
from mcrm.stock.errors import OutOfStock

SELLERS = (Role.REP, Role.MANAGER, Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Demand:
    """What one order line wants; `lease_id` is the lease that the seller named, if any."""

    product_id: UUID
    quantity: int
    lease_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Share:
    """So many pieces for the line at this place in the order, out of a lease of this stock item."""

    line: int
    lease_id: UUID
    stock_item_id: UUID
    pieces: int


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was taken out of leases, and the places of lines that name one whose time was over when they were sold."""

    shares: Sequence[Share] = ()
    late: frozenset[int] = frozenset()

    def pieces(self, line: int) -> int:
        """How many pieces of that line came out of leases."""
        return sum(share.pieces for share in self.shares if share.line == line)

    def lease_of(self, line: int, named: UUID | None) -> UUID | None:
        """The lease that the line was sold from: the one named, or the first that it drew on."""
        return named or next((share.lease_id for share in self.shares if share.line == line), None)

    def worded(self, error: OutOfStock, lines: Sequence[Demand]) -> OutOfStock | LeaseExpired:
        """What to say when the rest is not free: whoever sold from a lease that was over is told so."""
        late = [line for line in self.late if str(lines[line].product_id) == error.facts.get("product_id")]
        return LeaseExpired(field=f"lines.{min(late)}.lease_id") if late else error


NOTHING = Drawn()


def draw(session: Session, actor: Actor, lines: Sequence[Demand], *, taken_at: datetime) -> Drawn:
    """Take what these lines want out of the actor's leases: the one named first, then those that end first.

    Each line goes as far as the leases reach. Raises LeaseUnknown for one of somebody else or of another product.
    """
    if actor.role not in SELLERS or actor.id is None:
        return NOTHING
    products = {line.product_id for line in lines}
    named = {line.lease_id for line in lines if line.lease_id is not None}
    if not named and not _HELD.all(session.connection(), {"rep": actor.id, "products": list(products)}):
        return NOTHING
    wanted = TABLE.c.product_id.in_(products) & ((TABLE.c.state == LeaseState.HELD.value) | TABLE.c.id.in_(named))
    stock.lock(session, products)
    leases = session.scalars(held_by(actor.id, wanted)).all()
    _require_known(lines, leases)
    shares = _shares(lines, leases, taken_at)
    over = {lease.id for lease in leases if lease.state == LeaseState.EXPIRED or lease.expires_at <= taken_at}
    late = frozenset(index for index, line in enumerate(lines) if line.lease_id in over)
    return Drawn(shares, late)


def _require_known(lines: Sequence[Demand], leases: Iterable[StockLease]) -> None:
    known = {(lease.id, lease.product_id) for lease in leases}
    for index, line in enumerate(lines):
        if line.lease_id is not None and (line.lease_id, line.product_id) not in known:
            raise LeaseUnknown(field=f"lines.{index}.lease_id")


def _serves(lease: StockLease, taken_at: datetime) -> bool:
    return lease.state == LeaseState.HELD and taken_at < lease.expires_at


def _shares(lines: Sequence[Demand], leases: Iterable[StockLease], taken_at: datetime) -> list[Share]:
    usable = sorted((one for one in leases if _serves(one, taken_at)), key=lambda one: (one.expires_at, one.id))
    shares = []
    for index, line in enumerate(lines):
        left = line.quantity
        fitting = [lease for lease in usable if lease.product_id == line.product_id]
        for lease in sorted(fitting, key=lambda lease: lease.id != line.lease_id):
            pieces = min(left, lease.left)
            if pieces <= 0:
                continue
            left -= pieces
            lease.sold += pieces
            shares.append(Share(index, lease.id, lease.stock_item_id, pieces))
            if not lease.left:
                lease.state = LeaseState.SOLD.value
    return shares


_HELD = Prepared(
    select(TABLE.c.id)
    .where(TABLE.c.rep_id == bindparam("rep"), TABLE.c.product_id.in_(bindparam("products", expanding=True)))
    .where(TABLE.c.state == LeaseState.HELD.value)
    .limit(1)
)
