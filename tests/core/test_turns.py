"""One SQLite writer at a time: in order, across processes, and without hanging on a holder that never lets go."""

import fcntl
import multiprocessing
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from mcrm import turns
from mcrm.errors import Unavailable
from mcrm.turns import Turn

forked = multiprocessing.get_context("fork")


@pytest.fixture
def turn(tmp_path: Path) -> Iterator[Turn]:
    with closing(Turn(tmp_path / "turn")) as made:
        yield made


def count_up(lock: Path, counted: Path, times: int) -> None:
    turn = Turn(lock)

    def run() -> None:
        for _ in range(times):
            with turn():
                counted.write_text(str(int(counted.read_text()) + 1))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_no_two_writers_hold_the_turn_whatever_thread_or_process_they_are(tmp_path: Path) -> None:
    lock, counted = tmp_path / "turn", tmp_path / "counted"
    counted.write_text("0")
    processes = [forked.Process(target=count_up, args=(lock, counted, 50)) for _ in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert counted.read_text() == "300"


def test_a_holder_that_hangs_keeps_nobody_for_ever_and_the_turn_comes_back(
    turn: Turn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turns, "LONGEST_WAIT_S", 0.2)
    entered: list[str] = []
    with (tmp_path / "turn").open("ab") as hanging:
        fcntl.flock(hanging, fcntl.LOCK_EX)
        for _ in range(2):
            with pytest.raises(Unavailable), turn():
                entered.append("never")
    deadline = time.monotonic() + 10
    while not entered:
        try:
            with turn():
                entered.append("now")
        except Unavailable:
            assert time.monotonic() < deadline
    assert entered == ["now"]


def test_who_gave_up_lets_the_late_lock_go(turn: Turn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONGEST_WAIT_S", 0.1)
    with (tmp_path / "turn").open("ab") as hanging:
        fcntl.flock(hanging, fcntl.LOCK_EX)
        with pytest.raises(Unavailable), turn():
            pass
    monkeypatch.setattr(turns, "LONGEST_WAIT_S", 10.0)
    with closing(Turn(tmp_path / "turn")) as other, other():  # the lock that came too late would keep it from everybody
        pass
