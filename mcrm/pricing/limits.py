"""How much discount a role may give: defaults that an administrator changes, one row per changed role."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.actors import Actor, Role
from mcrm.audit import trail
from mcrm.interactions.kinds import Kind
from mcrm.pricing.errors import DiscountBeyondLimit, DiscountLimitUnknown
from mcrm.pricing.models import DiscountLimit
from mcrm.pricing.rules import WHOLE, Wanted

DEFAULTS = {Role.ADMIN: WHOLE, Role.MANAGER: 2500, Role.REP: 1000, Role.AGENT: 0}
FIXED = {Role.CUSTOMER: 0, Role.INTEGRATION: 0, Role.SYSTEM: WHOLE}


@dataclass(frozen=True, slots=True)
class Limit:
    """What a role may take off a line; `rev` 0 is the default that nobody changed."""

    role: str
    basis_points: int
    rev: int


def limits(session: Session) -> list[Limit]:
    """The limits of all roles that sell, largest default first."""
    changed = {row.role: row for row in session.scalars(select(DiscountLimit))}
    return [
        Limit(role.value, changed[role.value].basis_points, changed[role.value].rev)
        if role.value in changed
        else Limit(role.value, default, 0)
        for role, default in DEFAULTS.items()
    ]


def limit(session: Session, role: str) -> Limit:
    """The limit of a role that sells; raises DiscountLimitUnknown for any other word."""
    found = next((one for one in limits(session) if one.role == role), None)
    if found is None:
        raise DiscountLimitUnknown
    return found


def allowed(session: Session, role: Role) -> int:
    """The most that the role may take off a line, in basis points."""
    return FIXED[role] if role in FIXED else limit(session, role.value).basis_points


def check(session: Session, actor: Actor, lines: Sequence[Wanted]) -> None:
    """Raise DiscountBeyondLimit, naming the first line and the allowed maximum, where the actor gives too much."""
    if not any(line.discount_basis_points for line in lines):
        return
    most = allowed(session, actor.role)
    for index, line in enumerate(lines):
        if line.discount_basis_points > most:
            raise DiscountBeyondLimit(
                f"You may take off at most {most / 100:g} % ({most} basis points).",
                field=f"lines.{index}.discount_basis_points",
                allowed=most,
            )


def set_limit(session: Session, actor: Actor, standing: Limit, basis_points: int) -> Limit:
    """Change what a role may give; the same limit again changes nothing.

    Raises StaleDataError when somebody else changed it meanwhile.
    """
    if standing.basis_points == basis_points:
        return standing
    row = DiscountLimit(role=standing.role, basis_points=basis_points)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # set before, or at the same moment by somebody else: the later word counts
        row = session.scalars(select(DiscountLimit).where(DiscountLimit.role == standing.role)).one()
        row.basis_points = basis_points
        session.flush()
    payload = {"role": standing.role, "basis_points": basis_points, "before": standing.basis_points}
    subject = ("discount-limit", row.id)
    trail.record(session, actor, Kind.DISCOUNT_LIMIT_SET, subject=subject, fields=["basis_points"], payload=payload)
    return Limit(row.role, row.basis_points, row.rev)
