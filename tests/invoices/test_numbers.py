"""Numbers without holes and without doubles, whatever is rolled back and from however many sides at once."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from mcrm import db
from mcrm.actors import SYSTEM
from mcrm.db import Database, reading
from mcrm.invoices import service
from mcrm.invoices.errors import AlreadyInvoiced
from mcrm.invoices.models import Invoice
from mcrm.transaction import perform, transaction
from tests.cast import a_customer, a_product
from tests.tills import SELLER, a_sale

THREADS = 20
ORDERS = 60


class ChangedMyMind(Exception):
    """What makes every third transaction roll back after it has taken its number."""


@pytest.fixture
def wide(committed: Database) -> Iterator[Database]:
    """The same database with a connection for each thread."""
    assert isinstance(committed.bind, Engine)
    url = committed.bind.url.render_as_string(hide_password=False)
    engine = db.make_engine(url, synchronous="NORMAL", pool_size=THREADS)
    yield replace(committed, bind=engine)
    engine.dispose()


def test_twenty_threads_with_rollbacks_in_between_leave_no_hole_and_no_double(wide: Database) -> None:
    with transaction() as session:
        ben, espresso = a_customer(session), a_product(session)
        orders = [a_sale(session, ben, (espresso.id, 1)).id for _ in range(ORDERS)]

    def issue(turn: tuple[int, UUID]) -> str:
        try:
            perform(lambda session: one(session, *turn), database=wide)
        except (ChangedMyMind, AlreadyInvoiced) as error:
            return type(error).__name__
        return "issued"

    def one(session: Session, turn: int, order_id: UUID) -> None:
        service.issue(session, SYSTEM, order_id=order_id, seller=SELLER)
        if turn % 3 == 0:
            raise ChangedMyMind

    twice = [turn for pair in zip(enumerate(orders), enumerate(orders), strict=True) for turn in pair]
    with ThreadPoolExecutor(THREADS) as pool:
        outcomes = Counter(pool.map(issue, twice))
    with reading() as session:
        numbers = sorted(session.scalars(select(Invoice.number)))
    year = numbers[0].split("-")[1]
    assert outcomes == {"issued": 40, "AlreadyInvoiced": 40, "ChangedMyMind": 40}
    assert numbers == [f"INV-{year}-{n:05d}" for n in range(1, 41)]
