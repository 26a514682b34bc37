"""Two managers who take out stages at the same moment leave one in which opportunities can begin."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import cast
from uuid import UUID

import pytest
from sqlalchemy import Engine, Table, select

from mcrm.actors import SYSTEM
from mcrm.db import Database, looking, reading
from mcrm.opportunities import pipeline
from mcrm.opportunities.errors import StageInUse
from mcrm.opportunities.models import PipelineStage, StageKind
from mcrm.transaction import perform, transaction


@pytest.fixture(autouse=True)
def _stages(committed: Database) -> Iterator[None]:
    """The stages that a migration wrote stand there again afterwards: other tests begin with them."""
    table = PipelineStage.__table__
    with looking() as connection:
        rows = [dict(row) for row in connection.execute(table.select()).mappings()]
    yield
    assert isinstance(committed.bind, Engine)
    with committed.bind.begin() as connection:
        connection.execute(cast(Table, table).delete())
        connection.execute(cast(Table, table).insert(), rows)


def test_the_last_open_stages_taken_out_at_once_leave_one(committed: Database) -> None:
    for round_ in range(5):
        with transaction() as session:
            for key in (f"a{round_}", f"b{round_}"):
                pipeline.add(session, SYSTEM, key=key, name=key, place=1, probability=10)
            session.flush()
            found = session.scalars(select(PipelineStage).where(PipelineStage.kind == StageKind.OPEN.value)).all()
            keep = {f"a{round_}", f"b{round_}"}
            for one in found:
                if one.key not in keep:
                    pipeline.remove(session, SYSTEM, one)
            ids = [one.id for one in found if one.key in keep]
        start = threading.Barrier(2)

        def remove(id_: UUID, start: threading.Barrier = start) -> bool:
            start.wait()
            try:
                perform(lambda session: pipeline.remove(session, SYSTEM, pipeline.stage(session, id_, lock=True)))
            except StageInUse:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(remove, ids)) == [False, True]
        with reading() as session:
            open_ = select(PipelineStage.id).where(PipelineStage.kind == StageKind.OPEN.value)
            assert len(session.scalars(open_).all()) == 1
