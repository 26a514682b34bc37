"""Checking in at an account and out of it: where the rep was, when, and what came of it.

A rep is at one place at a time. Whoever checks in elsewhere has left the place before, also without having checked out
of it: that visit ends as not checked out, and nobody's check-in is ever refused, for it may come from a day without a
network.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access import reach
from mcrm.accounts import service as accounts
from mcrm.accounts.models import Account
from mcrm.actors import Actor
from mcrm.contacts import notes
from mcrm.ids import new_id
from mcrm.interactions import log
from mcrm.interactions.kinds import Kind
from mcrm.interactions.log import About
from mcrm.settings_store import service as settings_store
from mcrm.settings_store.catalogue import VISIT_RADIUS_M
from mcrm.tasks import service as tasks
from mcrm.visits import appointments, states
from mcrm.visits.errors import EndsBeforeItBegins, PositionHalf, VisitEnded, VisitIdTaken, VisitOfAnother
from mcrm.visits.geography import Finding, judge, place
from mcrm.visits.models import Outcome, Visit, VisitState
from mcrm.visits.states import VisitMove


@dataclass(frozen=True, slots=True)
class Seen:
    """Where a device says it is: WGS 84 degrees, give or take `accuracy_m`; `is_mock` when an app made it up."""

    lat: float | None = None
    lon: float | None = None
    accuracy_m: float | None = None
    is_mock: bool = False


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What else comes of a visit: words to keep, and the next step, which becomes a task of the rep's."""

    note: str | None = None
    next_step: str | None = None
    due_at: datetime | None = None
    contact_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class CheckedIn:
    """The visit, and the one before it that ended for its sake without a check-out."""

    visit: Visit
    left: Visit | None = None


NOWHERE, NOTHING = Seen(), FollowUp()


def check_in(
    session: Session,
    actor: Actor,
    *,
    account_id: UUID,
    id: UUID | None = None,
    at: datetime | None = None,
    device_now: datetime | None = None,
    seen: Seen = NOWHERE,
    outcome: Outcome | None = None,
    checked_out_at: datetime | None = None,
    follow_up: FollowUp = NOTHING,
    created_at: datetime | None = None,
) -> CheckedIn:
    """Open the acting user's visit at an account; with `checked_out_at` it has ended already.

    `id` may come from a device: sent again, it is answered with the visit already stored. `at` is device time, and
    `device_now` what the device's clock shows now, from which follows by how much it is wrong. Raises AccountUnknown,
    VisitIdTaken, and what `check_out` raises.
    """
    account = accounts.reachable(session, actor, account_id, field="account_id")
    assert actor.id is not None
    reach.hold(session, actor.id)
    if id is not None and (known := session.get(Visit, id)) is not None:
        if (known.account_id, known.rep_id) != (account.id, actor.id):
            raise VisitIdTaken(field="id")
        return CheckedIn(known)
    visit = _made(session, actor.id, account, at, device_now, seen)
    visit.id, visit.created_at = id or new_id(), created_at or visit.received_at
    visit.outcome = outcome and outcome.value
    left = _leave(session, actor, visit)
    session.add(visit)
    session.flush()
    found = {"verdict": visit.verdict, "distance_m": visit.distance_m, "is_mock": visit.is_mock}
    _trace(session, actor, Kind.VISIT_CHECKED_IN, visit, at=visit.visited_at, **found)
    appointments.mark_visited(session, visit)
    if checked_out_at is not None:
        check_out(session, actor, visit, at=checked_out_at, follow_up=follow_up)
        return CheckedIn(visit, left)
    if visit.state == VisitState.NOT_CHECKED_OUT:
        _trace(session, actor, Kind.VISIT_NOT_CHECKED_OUT, visit)
    _follow_up(session, actor, visit, follow_up)
    return CheckedIn(visit, left)


def check_out(
    session: Session,
    actor: Actor,
    visit: Visit,
    *,
    at: datetime | None = None,
    outcome: Outcome | None = None,
    seen: Seen = NOWHERE,
    follow_up: FollowUp = NOTHING,
) -> Visit:
    """End the visit, at device time `at`; the same check-out again changes nothing.

    Of a visit that has ended the outcome may still change. Raises VisitOfAnother, VisitEnded, EndsBeforeItBegins,
    PositionHalf, and ContactUnknown or ContactElsewhere for the follow-up.
    """
    _require_own(actor, visit)
    if visit.state == VisitState.CHECKED_OUT:
        if at is not None and at != visit.checked_out_at:
            raise VisitEnded()
        return change_outcome(session, actor, visit, outcome) if outcome is not None else visit
    ends = at or max(clock.now(), visit.checked_in_at)
    if ends < visit.checked_in_at:
        raise EndsBeforeItBegins(field="at")
    account = session.get_one(Account, visit.account_id)
    visit.state = states.after(visit.state, VisitMove.CHECK_OUT).value
    visit.checked_out_at, visit.ended_received_at = ends, clock.now()
    visit.left_distance_m = _judged(session, seen, account).distance_m
    if outcome is not None:
        visit.outcome = outcome.value
    session.flush()
    lasted_s = round((ends - visit.checked_in_at).total_seconds())
    _trace(session, actor, Kind.VISIT_CHECKED_OUT, visit, outcome=visit.outcome, lasted_s=lasted_s)
    _follow_up(session, actor, visit, follow_up)
    return visit


def change_outcome(session: Session, actor: Actor, visit: Visit, outcome: Outcome | None) -> Visit:
    """Say (anew) what came of it. Raises VisitOfAnother."""
    _require_own(actor, visit)
    if (value := outcome and outcome.value) != visit.outcome:
        visit.outcome = value
        session.flush()
        _trace(session, actor, Kind.VISIT_CHANGED, visit, outcome=value)
    return visit


def _made(
    session: Session,
    rep_id: UUID,
    account: Account,
    at: datetime | None,
    device_now: datetime | None,
    seen: Seen,
) -> Visit:
    now = clock.now()
    at = at or device_now or now
    skew = device_now - now if device_now is not None else max(at - now, timedelta())
    finding = _judged(session, seen, account)
    return Visit(
        account_id=account.id,
        rep_id=rep_id,
        state=VisitState.OPEN.value,
        checked_in_at=at,
        visited_at=min(at - skew, now),
        received_at=now,
        clock_skew_s=round(skew.total_seconds()) if device_now is not None or skew else None,
        lat=seen.lat,
        lon=seen.lon,
        accuracy_m=seen.accuracy_m,
        is_mock=seen.is_mock,
        verdict=finding.verdict.value,
        distance_m=finding.distance_m,
    )


def _judged(session: Session, seen: Seen, account: Account) -> Finding:
    if (seen.lat is None) is not (seen.lon is None):
        raise PositionHalf(field="lat" if seen.lat is None else "lon")
    return judge(
        place(seen.lat, seen.lon),
        place(account.lat, account.lon),
        radius_m=settings_store.value(session, VISIT_RADIUS_M),
        accuracy_m=seen.accuracy_m,
        is_mock=seen.is_mock,
    )


def _leave(session: Session, actor: Actor, visit: Visit) -> Visit | None:
    """End the open visit that this one follows; if it came late and others followed it, it has ended itself."""
    of_rep = select(Visit).where(Visit.rep_id == visit.rep_id)
    if session.scalar(of_rep.where(Visit.visited_at > visit.visited_at).limit(1)) is not None:
        visit.state = VisitState.NOT_CHECKED_OUT.value
        return None
    before = session.scalar(of_rep.where(Visit.state == VisitState.OPEN.value))
    if before is not None:
        before.state = states.after(before.state, VisitMove.LEAVE).value
        session.flush()
        _trace(session, actor, Kind.VISIT_NOT_CHECKED_OUT, before, followed_by=str(visit.id))
    return before


def _follow_up(session: Session, actor: Actor, visit: Visit, wanted: FollowUp) -> None:
    about: dict[str, Any] = {"account_id": visit.account_id, "contact_id": wanted.contact_id}
    if wanted.note is not None:
        notes.write_down(session, actor, kind=Kind.NOTE_ADDED, text=wanted.note, at=visit.visited_at, **about)
    if wanted.next_step is not None:
        tasks.add(session, actor, title=wanted.next_step, due_at=wanted.due_at, visit_id=visit.id, **about)


def _require_own(actor: Actor, visit: Visit) -> None:
    if visit.rep_id != actor.id:
        raise VisitOfAnother()


def _trace(session: Session, actor: Actor, kind: Kind, visit: Visit, at: datetime | None = None, **facts: Any) -> None:
    about = About(account_id=visit.account_id, subject=("visit", visit.id))
    log.append(session, actor, kind, about=about, payload=facts, at=at)
