"""Two check-ins of one rep at the same moment: both are kept, and one of them is open."""

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

from sqlalchemy import select

from mcrm.access.models import User
from mcrm.accounts.models import Account
from mcrm.actors import Actor, Channel, Role, Scope
from mcrm.db import Database, reading
from mcrm.transaction import perform, transaction
from mcrm.visits import checking
from mcrm.visits.models import Visit

AT_ONCE = 4


def test_check_ins_at_the_same_moment_leave_one_open(committed: Database) -> None:
    with transaction() as session:
        user = User(email="sam@harbourandpine.example", name="Sam Doyle", role="rep", password_hash="none")
        accounts = [Account(name=f"Café {number}") for number in range(AT_ONCE)]
        session.add_all([user, *accounts])
    sam = Actor(Role.REP, Channel.API, user.id, scope=Scope.ALL)
    start = threading.Barrier(AT_ONCE)

    def check_in(account_id: UUID) -> None:
        start.wait()
        perform(lambda session: checking.check_in(session, sam, account_id=account_id))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        list(pool.map(check_in, [account.id for account in accounts]))
    with reading() as session:
        states = Counter(session.scalars(select(Visit.state)))
    assert states == {"open": 1, "not_checked_out": AT_ONCE - 1}
