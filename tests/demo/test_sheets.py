"""Lists in and out at the command line."""

import json
from pathlib import Path

from tests.bulk.files import CONTACTS
from tests.demo.stage import again, mcrm
from tests.demo.test_commands import environ

__all__ = ["environ"]


def test_a_list_is_tried_brought_in_taken_out_and_taken_back(environ: dict[str, str], tmp_path: Path) -> None:
    file, report, out = tmp_path / "people.csv", tmp_path / "report.csv", tmp_path / "out.xlsx"
    file.write_text(CONTACTS)
    words = ("import", "contacts", str(file), "--json", "--report", str(report))
    tried = json.loads(mcrm(*words, "--dry-run", **environ).stdout)
    assert (tried["dry_run"], tried["created"]) == (True, 3)
    done = json.loads(again(*words, **environ).stdout)
    assert (done["state"], done["rows"], done["created"]) == ("finished", 3, 3)
    assert len(report.read_text().splitlines()) == 4
    assert json.loads(again(*words, **environ).stdout)["unchanged"] == 3
    assert json.loads(mcrm("export", "contacts", str(out), "--json", **environ).stdout)["rows"] == 3
    assert out.read_bytes().startswith(b"PK")
    undone = json.loads(again("import", "undo", done["id"], "--json", **environ).stdout)
    assert undone == {"undone": 3, "kept": 0}


def test_a_file_that_cannot_be_used_is_one_sentence(environ: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("nothing\nx\n")
    refused = again("import", "contacts", str(file), **environ)
    assert (refused.returncode, refused.stderr) == (1, "Error: No column is mapped to name.\n")
    assert again("export", "contacts", str(tmp_path / "people.txt"), **environ).returncode == 2
