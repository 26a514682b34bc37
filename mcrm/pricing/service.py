"""What an account would pay: the rules out of the database, applied by the pure function."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.actors import Actor
from mcrm.pricing import limits, loading, rules
from mcrm.pricing.rules import Priced, Wanted


@dataclass(frozen=True, slots=True)
class Quotation:
    """What some lines cost, and the names under which the products are sold."""

    priced: Priced
    names: dict[UUID, str]


def quote(
    session: Session, actor: Actor, *, account_id: UUID, lines: Sequence[Wanted], at: datetime | None = None
) -> Quotation:
    """What these lines cost the account at an instant (default: now); the caller has checked the account.

    Raises what `rules.price` raises, and DiscountBeyondLimit where the actor takes off more than is allowed.
    """
    limits.check(session, actor, lines)
    at = at or clock.now()
    needed, names = loading.rules_for(session, account_id, [line.product_id for line in lines], at=at)
    return Quotation(rules.price(needed, lines, at=at), names)
