"""The whole demo, started by its command in a folder of its own, as a newcomer would start it."""

import json
import os
import signal
import socket
import sqlite3
from pathlib import Path

import pytest

from demo.scene import CannotStart, Scene
from tests import databases
from tests.demo.stage import (
    PATIENCE_S,
    again,
    described,
    environment,
    eventually,
    is_ready,
    listening,
    mcrm,
    running_demo,
)


def test_the_demo_plays_the_tour_twice_survives_a_killed_process_and_ends_on_ctrl_c(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    environ = environment(folder)
    with running_demo(folder, environ) as demo:
        for play in (mcrm, again):
            played = play("tour", "--json", **environ)
            steps = [json.loads(line) for line in played.stdout.splitlines()]
            assert [step for step in steps if not step["ok"]] == []
            assert (played.returncode, len(steps)) == (0, 16)

        web = described(folder)["pids"]["web"]
        workers = Path(f"/proc/{web}/task/{web}/children").read_text().split()
        os.kill(web, signal.SIGKILL)
        eventually(lambda: described(folder)["pids"]["web"] not in {None, web}, "the restart")
        eventually(lambda: not any(Path(f"/proc/{pid}").exists() for pid in workers), "the orphans' end")
        eventually(lambda: is_ready(described(folder)), "the web process's return")
        assert again("tour", **environ).returncode == 0

        pids = described(folder)["pids"].values()
        demo.send_signal(signal.SIGINT)
        assert demo.wait(PATIENCE_S) == 0
        assert [pid for pid in pids if Path(f"/proc/{pid}").exists()] == []


def test_the_demo_runs_on_an_empty_postgresql_and_describes_its_people(tmp_path: Path, postgres_url: str) -> None:
    name = f"mcrm_demo_{os.getpid()}"
    made = databases.empty_postgres(postgres_url, name)
    made.close()
    folder = tmp_path / "var"
    url = made.bind.engine.url.render_as_string(hide_password=False)
    environ = environment(folder, MCRM_DATABASE_URL=url)
    try:
        with running_demo(folder, environ):
            facts = described(folder)
            assert [account["role"] for account in facts["accounts"]] == ["admin", "manager", "rep", "rep", "agent"]
            assert sum(bool(person["telegram_user_id"]) for person in facts["customers"]) == 2
            assert sum(bool(person["push_token"]) for person in facts["customers"]) == 2
            assert sum(bool(person["email"]) for person in facts["customers"]) == 3
            for person in facts["customers"]:
                states = [order["status"] for order in person["orders"]]
                assert len(states) >= 3
                assert "confirmed" in states, "one of them can be shipped next"
            assert again("tour", **environ).returncode == 0
        refused = again("demo", **environ)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert "not empty" in refused.stderr
    finally:
        databases.drop_postgres(postgres_url, name)


@pytest.mark.parametrize("name", ["MCRM_PORT", "MCRM_SANDBOX_PORT", "MCRM_SANDBOX_SMTP_PORT"])
def test_a_port_in_use_is_one_sentence_that_names_the_setting(tmp_path: Path, name: str) -> None:
    with listening() as port:
        refused = again("demo", **environment(tmp_path, **{name: str(port)}))
    assert refused.returncode == 1
    assert refused.stderr.count("\n") == 1
    assert f"Port {port} cannot be had" in refused.stderr
    assert f"set {name}" in refused.stderr


def test_the_mail_server_moves_with_the_sandbox_and_no_port_is_had_twice(tmp_path: Path) -> None:
    with listening() as sandbox:
        moved = {"MCRM_PORT": "1", "MCRM_SANDBOX_PORT": str(sandbox)}
        first = Scene.of(moved, tmp_path).smtp_port
        with socket.create_server(("127.0.0.1", first)):
            second = Scene.of(moved, tmp_path).smtp_port
        assert sandbox < first < second
        third = Scene.of({**moved, "MCRM_PORT": str(first)}, tmp_path)
        assert third.smtp_port > first
    assert Scene.of({**moved, "MCRM_SANDBOX_SMTP_PORT": "2525"}, tmp_path).smtp_port == 2525
    for value, words in (("1", "MCRM_PORT and MCRM_SANDBOX_SMTP_PORT are both 1"), ("mail", "MCRM_SANDBOX_SMTP_PORT")):
        with pytest.raises(CannotStart, match=words):
            Scene.of({**moved, "MCRM_SANDBOX_SMTP_PORT": value}, tmp_path)


def test_a_database_with_tables_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    file = tmp_path / "theirs.db"
    with sqlite3.connect(file) as theirs:
        theirs.execute("CREATE TABLE precious (id INTEGER)")
    theirs.close()
    refused = again("demo", **environment(tmp_path / "var", MCRM_DATABASE_URL=f"sqlite:///{file}"))
    assert refused.returncode == 1
    assert "not empty" in refused.stderr
    with sqlite3.connect(file) as theirs:
        assert theirs.execute("SELECT name FROM sqlite_master").fetchall() == [("precious",)]
    theirs.close()


def test_a_missing_setting_is_one_sentence_and_means_used_wrongly(tmp_path: Path) -> None:
    refused = again("serve", **environment(tmp_path))
    assert refused.returncode == 2
    assert refused.stderr == "mcrm: MCRM_DATABASE_URL: is not set; mCRM cannot start without it\n"


def test_the_tour_says_so_when_no_demo_runs(tmp_path: Path) -> None:
    refused = again("tour", **environment(tmp_path))
    assert refused.returncode == 1
    assert "no demo is running here" in refused.stderr
