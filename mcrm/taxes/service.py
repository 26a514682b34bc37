"""Use cases of tax rates. Orders keep the rate that they were placed at."""

from datetime import datetime

from sqlalchemy import Select, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from mcrm.actors import Actor
from mcrm.audit import trail
from mcrm.editing import edit
from mcrm.interactions.kinds import Kind
from mcrm.taxes.errors import TaxCodeUnknown
from mcrm.taxes.models import TaxRate


def rates(code: str | None = None) -> Select[TaxRate]:
    """All rates, or those of one code."""
    query = select(TaxRate)
    return query if code is None else query.where(TaxRate.code == code)


def check_code(session: Session, code: str | None, *, field: str) -> None:
    """Raise TaxCodeUnknown, naming `field`, for a code that no rate has; None is no tax."""
    if code is not None and session.scalar(select(TaxRate.id).where(TaxRate.code == code).limit(1)) is None:
        raise TaxCodeUnknown(field=field)


def set_rate(
    session: Session, actor: Actor, *, code: str, name: str, basis_points: int, valid_from: datetime
) -> TaxRate:
    """Say what a tax code means since an instant; the same word again changes nothing."""
    rate = session.scalar(_standing(code, valid_from))
    facts = {"name": name, "basis_points": basis_points}
    changed = ["basis_points", "name", "valid_from"]
    if rate is None:
        rate = TaxRate(code=code, valid_from=valid_from, **facts)
        try:
            with session.begin_nested():
                session.add(rate)
        except IntegrityError:  # set at the same moment by somebody else: the later word counts
            rate = session.scalars(_standing(code, valid_from)).one()
            changed = edit(rate, facts)
    elif not (changed := edit(rate, facts)):
        return rate
    session.flush()
    payload = {"code": code, "basis_points": basis_points, "valid_from": valid_from.isoformat()}
    trail.record(session, actor, Kind.TAX_RATE_SET, subject=("tax-rate", rate.id), fields=changed, payload=payload)
    return rate


def _standing(code: str, valid_from: datetime) -> Select[TaxRate]:
    return select(TaxRate).where(TaxRate.code == code, TaxRate.valid_from == valid_from)
