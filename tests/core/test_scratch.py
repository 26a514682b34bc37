"""Files in hand do not outlive whoever had them."""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcrm import scratch
from mcrm.scratch import scratch_folder, sweep


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of temporary files of its own, and nobody waits for a folder to age."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(scratch, "AGE_S", 0.0)
    yield tmp_path


READS = """
from mcrm.scratch import scratch_folder
with scratch_folder() as folder:
    (folder / "rows.csv").write_text("Ben Okafor")
    print("reading", flush=True)
    input()
"""


def killed_with_a_file_in_hand(temporary: Path) -> None:
    """A process that is killed while it reads somebody's file."""
    environment = os.environ | {"TMPDIR": str(temporary)}
    command = [sys.executable, "-c", READS]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as reader:
        assert reader.stdout is not None
        assert reader.stdout.readline() == b"reading\n"
        reader.kill()


def test_a_file_goes_with_its_use(temporary: Path) -> None:
    with scratch_folder() as folder:
        (folder / "rows.csv").write_text("Ben Okafor")
        assert folder.stat().st_mode & 0o077 == 0

    assert list(temporary.iterdir()) == []


def test_what_a_killed_process_had_goes_with_the_next_use(temporary: Path) -> None:
    killed_with_a_file_in_hand(temporary)
    assert list(temporary.glob("*/rows.csv"))

    with scratch_folder():
        assert list(temporary.glob("*/rows.csv")) == []


def test_what_somebody_works_with_stays(temporary: Path) -> None:
    with scratch_folder() as folder:
        (folder / "rows.csv").write_text("Ben Okafor")
        sweep()
        assert (folder / "rows.csv").read_text() == "Ben Okafor"


def test_a_folder_that_never_got_its_lock_goes_too(temporary: Path) -> None:
    (temporary / f"{scratch.PREFIX}x").mkdir()

    sweep()

    assert list(temporary.iterdir()) == []


def test_a_pipe_that_somebody_put_in_the_way_holds_nobody_up(temporary: Path) -> None:
    (temporary / f"{scratch.PREFIX}trap").mkdir()
    os.mkfifo(temporary / f"{scratch.PREFIX}trap" / scratch.LOCK)

    sweeping = threading.Thread(target=sweep, daemon=True)
    sweeping.start()
    sweeping.join(5.0)
    assert not sweeping.is_alive()
