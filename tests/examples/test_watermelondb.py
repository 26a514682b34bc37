"""The real WatermelonDB package against a real server: the stories of examples/watermelondb, and days of chance.

`MCRM_DRILL_SEEDS` names the seeds of the drill (comma-separated), `MCRM_DRILL_ROUNDS` its rounds.
"""

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import databases
from tests.demo.stage import environment, running_demo
from tests.drills.test_kills import demo_database

EXAMPLE = Path(__file__).parents[2] / "examples" / "watermelondb"
SEEDS = os.environ.get("MCRM_DRILL_SEEDS") or ",".join(str(random.randrange(10**6)) for _ in range(3))
ROUNDS = os.environ.get("MCRM_DRILL_ROUNDS", "20")
INSTALLING_S, RUNNING_S = 300, 600

pytestmark = [pytest.mark.soak, pytest.mark.node]


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example with its packages, in a folder of its own."""
    folder = tmp_path_factory.mktemp("node") / "watermelondb"
    shutil.copytree(EXAMPLE, folder, ignore=shutil.ignore_patterns("node_modules"))
    command = ["npm", "install", "--no-audit", "--no-fund", "--ignore-scripts"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALLING_S)
    assert done.returncode == 0, f"npm could not install the example's packages:\n{done.stderr}"
    return folder


@pytest.fixture(scope="module", params=databases.ENGINES)
def description(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, postgres_url: str
) -> Iterator[Path]:
    """What describes a demo on that database, for scripts."""
    folder = tmp_path_factory.mktemp("demo") / "var"
    with demo_database(request.param, postgres_url) as more, running_demo(folder, environment(folder, **more)):
        yield folder / "demo.json"


def told(example: Path, *words: str) -> str:
    """What a program of the example says; it has to end well."""
    done = subprocess.run(["node", *words], cwd=example, capture_output=True, text=True, timeout=RUNNING_S)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_rep_works_a_day_without_a_network(example: Path, description: Path) -> None:
    story = told(example, "day.js", str(description))
    assert "the order was placed once" in story
    assert "WatermelonDB had nothing to complain about" in story


def test_two_devices_and_a_move_lose_nothing(example: Path, description: Path) -> None:
    story = told(example, "two-devices.js", str(description))
    assert "there was no conflict" in story
    assert "Noor lets it stand, and Lena has it" in story


@pytest.mark.parametrize("seed", SEEDS.split(","))
def test_any_days_end_with_all_equal_and_nothing_lost(example: Path, description: Path, seed: str) -> None:
    print(told(example, "drill.js", str(description), seed, ROUNDS))
