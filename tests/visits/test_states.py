"""Whatever a rep's devices send, in whatever order: one visit is open at most, it is the last, and nothing is lost."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from mcrm import clock
from mcrm.access.models import User
from mcrm.accounts.models import Account
from mcrm.actors import Actor, Channel, Role, Scope
from mcrm.db import Database
from mcrm.ids import new_id
from mcrm.transaction import transaction
from mcrm.visits import checking, states
from mcrm.visits.errors import EndsBeforeItBegins, VisitEnded
from mcrm.visits.models import Visit, VisitState
from mcrm.visits.states import VisitMove
from tests.visits.conftest import NOON

LEGAL = {
    ("open", "check out of"): "checked_out",
    ("open", "leave"): "not_checked_out",
    ("not_checked_out", "check out of"): "checked_out",
}


def test_every_pair_of_state_and_move() -> None:
    for state in VisitState:
        for move in VisitMove:
            if (expected := LEGAL.get((state, move))) is not None:
                assert states.after(state, move) == expected
                continue
            with pytest.raises(VisitEnded):
                states.after(state, move)


STEPS = st.lists(
    st.tuples(st.sampled_from(["in", "out"]), st.integers(0, 5), st.integers(0, 600)), min_size=1, max_size=12
)


@settings(max_examples=20, deadline=None)
@given(steps=STEPS)
def _any_day(account_id: UUID, steps: list[tuple[str, int, int]]) -> None:
    made: dict[int, tuple[UUID, datetime]] = {}
    with transaction() as session:
        rep = _somebody_new(session)
        for verb, number, minute in steps:
            at = NOON - timedelta(minutes=600 - minute)
            id_, began = made.setdefault(number, (new_id(), at))
            if verb == "out" and (visit := session.get(Visit, id_)) is not None:
                _check_out(session, rep, visit, at)
            else:
                checking.check_in(session, rep, account_id=account_id, id=id_, at=began)
        visits = [session.get_one(Visit, id_) for id_, _ in made.values()]
        still_open = [visit for visit in visits if visit.state == VisitState.OPEN]
        assert len(still_open) <= 1
        assert all(visit.visited_at <= still_open[0].visited_at for visit in visits if still_open)
        assert all((visit.checked_out_at is None) is (visit.state != VisitState.CHECKED_OUT) for visit in visits)


def _check_out(session: Session, rep: Actor, visit: Visit, at: datetime) -> None:
    was = (visit.state, visit.checked_out_at)
    try:
        checking.check_out(session, rep, visit, at=at)
    except VisitEnded:
        assert was[0] == VisitState.CHECKED_OUT
        assert was[1] != at
    except EndsBeforeItBegins:
        assert at < visit.checked_in_at
    assert visit.state == VisitState.CHECKED_OUT or (visit.state, visit.checked_out_at) == was


def _somebody_new(session: Session) -> Actor:
    user = User(email=f"{new_id()}@harbourandpine.example", name="Sam Doyle", role="rep", password_hash="none")
    session.add(user)
    session.flush()
    return Actor(Role.REP, Channel.API, user.id, scope=Scope.ALL)


def test_any_day_leaves_one_open_visit_at_most(database: Database) -> None:
    with clock.stopped(NOON):
        with transaction() as session:
            account = Account(name="The Ferry Café")
            session.add(account)
        _any_day(account.id)
