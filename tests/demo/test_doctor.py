"""The doctor asks everybody who is configured, and says of each what is wrong and what to do."""

import json
import os
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from demo import asking, doctor
from demo.doctor import Finding
from tests import databases
from tests.demo.stage import environment, listening
from tests.notifications.mail_server import Server
from tests.sandbox_fixture import Carrier

PUBLIC = "http://127.0.0.1:9"  # the sandbox calls loopback alone


@pytest.fixture
def environ(templates: databases.Templates, tmp_path: Path, carrier: Carrier) -> Iterator[dict[str, str]]:
    """An installation on a migrated database, with the providers of the sandbox."""
    url = f"sqlite:///{tmp_path / 'mcrm.db'}"
    templates.sqlite(tmp_path / "mcrm.db").close()
    carrier.call_webhooks_at(PUBLIC)
    core = {"MCRM_DATABASE_URL": url, "MCRM_SECRET_KEY": os.urandom(32).hex(), "MCRM_PUBLIC_URL": PUBLIC}
    yield environment(tmp_path, **core, **carrier.environment())


def findings(environ: dict[str, str]) -> dict[str, Finding]:
    return {one.part: one for one in doctor.examine(environ)}


def test_every_part_of_a_good_installation_is_contacted_and_well(environ: dict[str, str], carrier: Carrier) -> None:
    found = findings(environ)
    assert [one for one in found.values() if not one.is_well] == []
    assert list(found) == ["settings", "database", "disk", "web", "twilio", "telegram", "firebase", "mail", "clock"]
    assert "texts come from +447700900100" in found["twilio"].words
    assert "its webhook points here" in found["telegram"].words
    assert carrier.messages() == [], "a check sends nothing"


@pytest.mark.parametrize(
    ("part", "wrong"),
    [
        ("twilio", {"TWILIO_AUTH_TOKEN": "another-token-than-twilio-knows"}),
        ("telegram", {"TELEGRAM_BOT_TOKEN": "7001000:another-another-another-another"}),
        ("telegram", {"MCRM_PUBLIC_URL": "https://moved.example.com"}),
        ("twilio", {"TWILIO_API_BASE": "http://127.0.0.1:9"}),
    ],
)
def test_a_provider_that_refuses_is_named_without_its_secret(
    environ: dict[str, str], part: str, wrong: dict[str, str]
) -> None:
    found = findings(environ | wrong)
    assert [one.part for one in found.values() if not one.is_well] == [part]
    assert not any(value in found[part].words for name, value in wrong.items() if "TOKEN" in name)


def test_a_service_account_that_google_does_not_know_is_found(environ: dict[str, str], tmp_path: Path) -> None:
    facts: dict[str, Any] = json.loads(Path(environ["FIREBASE_CREDENTIALS"]).read_text())
    stranger = tmp_path / "stranger.json"
    stranger.write_text(json.dumps(facts | {"client_email": "somebody@else.example"}))
    assert not findings(environ | {"FIREBASE_CREDENTIALS": str(stranger)})["firebase"].is_well
    stranger.write_text("{}")
    assert "service-account key" in findings(environ | {"FIREBASE_CREDENTIALS": str(stranger)})["firebase"].words


def test_the_mail_server_is_greeted_and_sent_nothing(environ: dict[str, str]) -> None:
    for says, is_well in (({}, True), ({"CONNECT": "421 busy"}, False)):
        with Server(says) as server:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
            url = f"smtp://127.0.0.1:{server.server_address[1]}"
            found = findings(environ | {"SMTP_URL": url, "SMTP_FROM": "shop@harbourandpine.example"})["mail"]
            server.shutdown()
        assert (found.is_well, server.taken) == (is_well, []), found.words


def test_a_clock_that_runs_away_is_found(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime.now(tz) - timedelta(minutes=2)

    monkeypatch.setattr(asking, "datetime", Late)
    found = findings(environ)
    assert not found["clock"].is_well
    assert "s behind" in found["clock"].words


def test_a_port_that_another_program_uses_is_found(environ: dict[str, str]) -> None:
    with listening() as port:
        found = findings(environ | {"MCRM_PORT": str(port)})
    assert not found["web"].is_well
    assert "used by another program" in found["web"].words


def test_a_database_out_of_reach_is_one_sentence(environ: dict[str, str]) -> None:
    found = findings(environ | {"MCRM_DATABASE_URL": "sqlite:////nowhere/at/all.db"})
    assert found["database"].words == (
        "the database cannot be used (unable to open database file); check MCRM_DATABASE_URL"
    )
