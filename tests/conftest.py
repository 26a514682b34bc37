"""Fixtures for everybody: the two databases, a session, and the count of tests per database at the end.

`database`: the code under test commits for real into savepoints of one outer transaction, rolled back afterwards.
`committed`: real commits (for threads, servers and workers); the tables are emptied afterwards.
"""

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mcrm import db, keys
from mcrm.db import Database
from mcrm.transaction import UseCaseSession, stamp
from tests import databases, doors

pytest_plugins = ["tests.browser"]
hypothesis.settings.register_profile(
    "untimed", deadline=None
)  # how long an example takes says what else the machine does
hypothesis.settings.load_profile("untimed")
gc.set_threshold(100_000, 50, 50)  # a search for garbage walks over the whole house; tests leave little of it


def pytest_configure(config: pytest.Config) -> None:
    """The controlling process starts PostgreSQL once; each worker gets the address, and the name of the template."""
    keys.use(doors.ENVIRONMENT["MCRM_SECRET_KEY"])  # the policy asks for the marks of stopped addresses
    if not hasattr(config, "workerinput") and not config.option.collectonly:
        config.stash[POSTGRES] = databases.start_postgres()
        config.stash[TEMPLATE] = f"mcrm_template_{os.getpid()}"


def pytest_unconfigure(config: pytest.Config) -> None:
    """The controlling process removes the template, whichever worker made it."""
    if POSTGRES in config.stash:
        databases.drop_postgres(config.stash[POSTGRES], config.stash[TEMPLATE])


POSTGRES = pytest.StashKey[str]()
TEMPLATE = pytest.StashKey[str]()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Hand the server's address, and the name of the template there, to a worker process."""
    node.workerinput.update(postgres=node.config.stash[POSTGRES], template=node.config.stash[TEMPLATE])


@pytest.fixture(scope="session")
def postgres_url(request: pytest.FixtureRequest) -> str:
    """Where the suite's PostgreSQL server is."""
    worker = getattr(request.config, "workerinput", None)
    return str(worker["postgres"] if worker else request.config.stash[POSTGRES])


@pytest.fixture(scope="session")
def templates(
    request: pytest.FixtureRequest, postgres_url: str, tmp_path_factory: pytest.TempPathFactory
) -> databases.Templates:
    """Migrated databases to copy, the same for all processes of the run."""
    own = tmp_path_factory.getbasetemp()
    if worker := getattr(request.config, "workerinput", None):
        return databases.Templates(postgres_url, worker["template"], own.parent)
    return databases.Templates(postgres_url, request.config.stash[TEMPLATE], own)


@pytest.fixture(scope="session")
def stores(
    templates: databases.Templates, tmp_path_factory: pytest.TempPathFactory, worker_name: str
) -> Iterator[dict[str, Database]]:
    """Both databases of this test process, migrated."""
    folder: Path = tmp_path_factory.mktemp("sqlite")
    name = f"mcrm_test_{worker_name}_{os.getpid()}"
    made = {"sqlite": templates.sqlite(folder / "test.db"), "postgresql": templates.postgres(name)}
    yield made
    for database in made.values():
        database.close()
    databases.drop_postgres(templates.server_url, name)


@pytest.fixture(scope="session")
def worker_name() -> str:
    """This test process's name (`gw0`, or `main` when it runs alone)."""
    return os.environ.get("PYTEST_XDIST_WORKER", "main")


@pytest.fixture(params=databases.ENGINES)
def database(request: pytest.FixtureRequest, stores: dict[str, Database]) -> Iterator[Database]:
    """The database under test, in use; everything is rolled back afterwards."""
    with databases.rolled_back(stores[request.param]) as joined:
        db.use(joined)
        yield joined
        db.use(None)


@pytest.fixture(params=databases.ENGINES)
def committed(request: pytest.FixtureRequest, stores: dict[str, Database]) -> Iterator[Database]:
    """The database under test, in use, with real commits; emptied afterwards."""
    db.use(stores[request.param])
    yield stores[request.param]
    db.use(None)
    databases.empty(stores[request.param])


class ArrangingSession(UseCaseSession):
    """The test's own session: it may commit, and its changes get positions like all others."""

    def commit(self) -> None:
        """Stamp and commit."""
        stamp(self)
        Session.commit(self)


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A session on the database under test, for arranging and for looking; `expire_all()` after a door has written."""
    with ArrangingSession(bind=database.bind, expire_on_commit=False, **database.options) as opened:
        yield opened


@pytest.fixture
def client(database: Database) -> Iterator[FlaskClient]:
    """An HTTP client of the real application on the database under test."""
    with doors.make_app().test_client() as opened:
        yield opened


RAN: dict[str, int] = dict.fromkeys(databases.ENGINES, 0)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Count what ran on which database (xdist forwards the reports to the controlling process)."""
    if report.when == "call" and report.outcome in {"passed", "failed"}:
        for name in databases.ENGINES:
            if name in report.nodeid.partition("[")[2].rstrip("]").split("-"):
                RAN[name] += 1


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """The last lines say how many tests ran on each database."""
    for name, count in RAN.items():
        terminalreporter.write_line(f"{count} tests ran on {name}")
