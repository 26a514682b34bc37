"""The commands as an operator meets them: what they refuse, what they say, and how they end."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo.scene import claim
from mcrm import db
from tests import databases
from tests.demo.stage import PATIENCE_S, again, environment, eventually, mcrm

KEEPER = """
import signal, sys
from pathlib import Path
from demo.processes import Kept
kept = Kept("child", [sys.executable, "-c", "import signal; signal.pause()"], {}, Path(sys.argv[1]))
kept.start()
print(kept.pid, flush=True)
signal.pause()
"""


@pytest.fixture
def environ(templates: databases.Templates, tmp_path: Path) -> Iterator[dict[str, str]]:
    """An installation on a migrated SQLite file, with no provider."""
    url = f"sqlite:///{tmp_path / 'mcrm.db'}"
    templates.sqlite(tmp_path / "mcrm.db").close()
    core = {"MCRM_DATABASE_URL": url, "MCRM_SECRET_KEY": os.urandom(32).hex()}
    yield environment(tmp_path, **core, MCRM_PUBLIC_URL="http://127.0.0.1:9")


def has_ended(pid: int) -> bool:
    """Whether the process is gone, or waits only for somebody to collect it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def handles_sigterm(pid: int) -> bool:
    status = Path(f"/proc/{pid}/status").read_text()
    caught = next(line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:"))
    return bool(int(caught, 16) & 1 << (signal.SIGTERM - 1))


@pytest.mark.parametrize("command", ["serve", "worker"])
def test_a_process_stopped_while_it_starts_ends_well(environ: dict[str, str], command: str) -> None:
    with subprocess.Popen([sys.executable, "-m", "cli", command], env=environ, stderr=subprocess.PIPE) as started:
        eventually(lambda: handles_sigterm(started.pid), "the start")
        started.terminate()
        assert started.wait(PATIENCE_S) == 0


def test_what_a_killed_keeper_kept_ends_with_it(tmp_path: Path) -> None:
    words = [sys.executable, "-c", KEEPER, str(tmp_path / "child.log")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as keeper:
        assert keeper.stdout
        child = int(keeper.stdout.readline())
        assert not has_ended(child)
        keeper.kill()
        eventually(lambda: has_ended(child), "the child's end")


def test_a_second_demo_in_the_same_folder_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "var"
    folder.mkdir()
    (folder / "demo.db").write_text("the first one's")
    lock = claim(folder)
    refused = again("demo", **environment(folder))
    os.close(lock)
    assert (refused.returncode, refused.stderr.count("\n")) == (1, 1)
    assert "A demo runs in" in refused.stderr
    assert (folder / "demo.db").read_text() == "the first one's"


@pytest.mark.parametrize("command", [["serve"], ["worker"], ["demo"]])
def test_a_database_out_of_reach_is_one_sentence(environ: dict[str, str], command: list[str]) -> None:
    refused = again(*command, **environ | {"MCRM_DATABASE_URL": "sqlite:////nowhere/at/all.db"})
    assert refused.returncode == 1
    assert refused.stderr.startswith("mcrm")
    assert refused.stderr.count("\n") == 1
    assert "the database cannot be used (unable to open database file); check MCRM_DATABASE_URL" in refused.stderr


def test_without_settings_somebody_with_a_demo_hears_where_they_are(tmp_path: Path) -> None:
    (tmp_path / "demo.env").write_text("")
    refused = mcrm("tail", **environment(tmp_path))
    assert refused.returncode == 2
    assert f"set -a; . {tmp_path / 'demo.env'}; set +a" in refused.stderr


def test_a_user_is_made_by_command_and_told_in_json(environ: dict[str, str]) -> None:
    words = ("users", "create", "--name", "Ada Marsh", "--password", "a long enough one", "--json", "--email")
    made = mcrm(*words, "ada@harbourandpine.example", **environ)
    shown = json.loads(made.stdout)
    assert (shown["email"], shown["role"]) == ("ada@harbourandpine.example", "admin")
    refused = again(*words, "ada", **environ)
    assert refused.returncode == 2
    assert "is not an e-mail address" in refused.stderr


def test_the_import_reads_money_and_times_as_the_business_does(environ: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "past.csv"
    header = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
    file.write_text(f"{header}\n536365,85123A,LANTERN,6,2010-12-01 08:26:00,2.55,17850,United Kingdom\n")
    business = {"MCRM_TIMEZONE": "America/New_York", "MCRM_CURRENCY": "USD"}
    done = subprocess.run(
        [sys.executable, "-m", "cli", "import", "orders", str(file), "--json"],
        env={**environ, **business, "PYTHONPATH": str(Path.cwd())},
        cwd=tmp_path,  # the report goes to var/ below the present folder
        capture_output=True,
        timeout=PATIENCE_S,
    )
    assert json.loads(done.stdout)["imported"] == 1
    store = db.connect(environ["MCRM_DATABASE_URL"])
    with store.bind.connect() as connection:  # type: ignore[union-attr]
        row = connection.exec_driver_sql("SELECT currency, placed_at FROM orders").one()
    store.close()
    assert (row[0], row[1][:16]) == ("USD", "2010-12-01 13:26")


def test_a_chat_in_the_terminal_says_who_writes_and_why_nothing_is_answered(environ: dict[str, str]) -> None:
    words = [sys.executable, "-m", "cli", "bots", "chat", "--address", "07700 900203"]
    lines = "hello\nplease stop texting me\nhello\n"
    chat = subprocess.run(words, env=environ, input=lines, capture_output=True, text=True, timeout=PATIENCE_S)
    said = chat.stdout
    assert "You write as +447700900203 on sms" in said
    assert "Hello, this is mCRM" in said
    assert "this address has said STOP; write START" in said
    refused = again("bots", "chat", "--address", "banana", **environ)
    assert refused.returncode == 2
    assert "--address" in refused.stderr
