"""The rep's app as files: which are served, under which policy, and how a phone knows that they have changed."""

import json
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from apps import serving
from mcrm import keys
from mcrm.app import create_app
from tests import doors
from tests.apps.conftest import rep

PHONES = "http://127.0.0.1:8001"


@cache
def client(phones_origin: str | None = None) -> FlaskClient:
    settings = replace(doors.settings(), phones_origin=phones_origin)
    return doors.make_app(settings, door=rep).test_client()


def place(phones_origin: str | None = None) -> dict[str, object]:
    text = serving.read_files(phones_origin, "GBP")["place.js"].body.decode()
    facts: dict[str, object] = json.loads(text.removeprefix("self.PLACE = ").rstrip(";\n"))
    return facts


def test_every_file_that_a_phone_keeps_is_served() -> None:
    rep = client()
    names = place()["files"]
    assert isinstance(names, list)
    assert {"./", "app.js", "pricing.js", "place.js", "icon-192.png", "manifest.webmanifest"} <= set(names)
    for name in names:
        assert rep.get(f"/rep/{name.removeprefix('./')}").status_code == 200


def test_the_policy_lets_no_other_host_and_no_frame_in() -> None:
    policy = client().get("/rep/").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "http" not in policy


def test_the_page_of_phones_alone_may_show_it_in_a_frame() -> None:
    rep = client(PHONES)
    assert f"frame-ancestors {PHONES}" in rep.get("/rep/").headers["Content-Security-Policy"]
    assert place(PHONES)["embedder"] == PHONES
    assert rep.get("/rep/place.js").text.count(PHONES) == 1


def test_a_file_that_a_browser_has_is_not_sent_again() -> None:
    rep = client()
    first = rep.get("/rep/app.js")
    assert first.headers["Cache-Control"] == "no-cache"
    assert rep.get("/rep/app.js", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


@pytest.mark.parametrize("name", ["nothing.js", "..%2fserving.py", "inter.LICENSE.txt", "__init__.py", "index.html/x"])
def test_nothing_else_is_served(name: str) -> None:
    assert client().get(f"/rep/{name}").status_code == 404


def test_the_address_without_a_slash_leads_there() -> None:
    assert client().get("/rep").headers["Location"] == "/rep/"


def test_other_bytes_are_another_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = place()["version"]
    assert place()["version"] == before
    assert place(PHONES)["version"] != before
    copied = shutil.copytree(serving.FOLDER, tmp_path / "rep")
    (copied / "app.css").write_text("body {}")
    monkeypatch.setattr(serving, "FOLDER", copied)
    assert place()["version"] != before


def test_the_three_apps_share_the_frame_of_their_looks() -> None:
    settings, frames = doors.settings(), set()
    keys.use(settings.secret_key)
    makers = {"rep": serving.make_rep, "agent": serving.make_agent, "app": serving.make_customer}
    ends = serving.ENDPOINTS | serving.AGENT_ENDPOINTS | serving.CUSTOMER_ENDPOINTS
    own = create_app(settings, doors=[(make(settings), ends) for make in makers.values()])
    for app in makers:
        client = own.test_client()
        page = client.get(f"/{app}/").text
        assert page.index('href="frame.css"') < page.index('href="app.css"'), "what an app says itself comes later"
        frames.add(client.get(f"/{app}/frame.css").text)
        assert "@font-face" not in client.get(f"/{app}/app.css").text
    assert len(frames) == 1
