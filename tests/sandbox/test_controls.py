"""The controls, the page's files, and what survives a kill."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from sandbox.run import run
from sandbox.settings import BadSandboxSetting, SandboxSettings
from sandbox.twilio_rules import segments
from tests.sandbox.conftest import Product
from tests.sandbox_fixture import ACCOUNT_SID, AUTH_TOKEN, OUR_NUMBER, Carrier

TOM = "+447700900203"


def send(url: str, body: str, to: str = TOM) -> requests.Response:
    return requests.post(
        f"{url}/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json",
        data={"To": to, "From": OUR_NUMBER, "Body": body},
        auth=(ACCOUNT_SID, AUTH_TOKEN),
        timeout=10,
    )


def test_messages_are_numbered_over_all_channels_and_read_from_a_number(carrier: Carrier) -> None:
    for body in ("one", "two", "three"):
        send(carrier.url, body)
    first, second, third = carrier.messages()

    assert first["n"] < second["n"] < third["n"]
    assert [item["body"] for item in carrier.messages(after=first["n"])] == ["two", "three"]
    assert carrier.messages("push") == []
    assert set(first) >= {"n", "channel", "to", "body", "provider_id", "method", "raw"}


def test_the_stream_tells_both_directions_and_the_statuses(carrier: Carrier, product: Product) -> None:
    start = max((item["n"] for item in carrier.history()), default=0)
    with requests.get(f"{carrier.url}/_control/stream?after={start}", stream=True, timeout=10) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream"
        carrier.text(TOM, "hello")
        send(carrier.url, "Hello Tom")
        seen: list[Any] = []
        for line in stream.iter_lines():
            if line.startswith(b"data: "):
                seen.append(json.loads(line[6:]))
            if len(seen) == 5:
                break

    assert [(item["type"], item["direction"]) for item in seen[:2]] == [("message", "in"), ("message", "out")]
    assert (seen[0]["from"], seen[0]["body"]) == (TOM, "hello")
    assert [item["status"] for item in seen[2:]] == ["queued", "sent", "delivered"]
    assert {item["provider_id"] for item in seen[2:]} == {seen[1]["provider_id"]}


def test_counts_tell_taken_and_refused(carrier: Carrier) -> None:
    send(carrier.url, "one")
    send(carrier.url, "two", to="nonsense")
    stats = requests.get(f"{carrier.url}/_control/stats", timeout=10).json()

    assert stats["twilio"] == {"accepted": 1, "refused": 1, "in_flight": 0}


def test_a_fault_happens_as_often_as_asked_and_can_be_taken_back(carrier: Carrier) -> None:
    carrier.fault("twilio", "error", code=21408, count=2)
    assert [send(carrier.url, "x").status_code for _ in range(3)] == [400, 400, 201]
    carrier.fault("twilio", "error", code=21408)
    assert requests.delete(f"{carrier.url}/_control/faults", timeout=10).status_code == 204
    assert send(carrier.url, "x").status_code == 201
    assert requests.delete(f"{carrier.url}/_control/messages", timeout=10).status_code == 204
    assert carrier.messages() == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"provider": "pigeon", "kind": "error"}),
        ("faults", {"provider": "twilio", "kind": "gremlin"}),
        ("faults", {"provider": "twilio", "kind": "error", "code": "UNREGISTERED"}),
        ("faults", {"provider": "twilio", "kind": "hang", "s": "long"}),
        ("faults", {"provider": "twilio", "kind": "hang", "count": 0}),
        ("sms", {"from": "Tom", "body": "x"}),
        ("sms", {"from": TOM}),
        ("sms", []),
        ("telegram", {"user_id": "Ben", "text": "x"}),
        ("telegram", {"user_id": 700201}),
        ("telegram", {"user_id": 700201, "callback_data": "t:1042"}),
        ("telegram", {"user_id": 700201, "contact": {}}),
        ("replay", {}),
    ],
)
def test_odd_controls_are_answered_with_one_sentence(carrier: Carrier, path: str, body: Any) -> None:
    answer = requests.post(f"{carrier.url}/_control/{path}", json=body, timeout=10)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_pages_of_other_sites_are_refused(carrier: Carrier) -> None:
    url = f"{carrier.url}/_control/messages"

    assert requests.get(url, headers={"Origin": "https://evil.example"}, timeout=10).status_code == 403
    assert requests.get(url, headers={"Host": "evil.example"}, timeout=10).status_code == 403
    assert requests.get(url, headers={"Origin": carrier.url}, timeout=10).status_code == 200


def test_the_page_folder_is_served_and_nothing_beside_it(carrier: Carrier) -> None:
    for name in ("../app.py", "%2e%2e/app.py", "..%2fapp.py", "nothing.js", ""):
        answer = requests.get(f"{carrier.url}/page/{name}", timeout=10)
        assert answer.status_code == 404
    front = requests.get(f"{carrier.url}/", timeout=10)
    assert "default-src 'self'" in front.headers["Content-Security-Policy"]


def test_people_are_read_again_when_their_file_changes(tmp_path: Path) -> None:
    people = tmp_path / "people.json"
    carrier = Carrier(tmp_path, people=people)
    try:
        assert requests.get(f"{carrier.url}/_control/people", timeout=10).json()["people"] == []
        ben = {"name": "Ben Okafor", "phone": "+447700900201", "telegram_user_id": 700201, "push_token": None}
        ben["email"] = "ben@example.com"
        people.write_text(json.dumps({"people": [ben]}))
        shown = requests.get(f"{carrier.url}/_control/people", timeout=10).json()
        assert shown == {"people": [ben], "our_number": OUR_NUMBER, "bot_username": "harbour_pine_bot"}
    finally:
        carrier.stop()


def test_strict_rates_hold_back_a_chat(tmp_path: Path) -> None:
    carrier = Carrier(tmp_path, strict_rates=True)
    try:
        url = f"{carrier.url}/bot{carrier.settings.telegram_bot_token}/sendMessage"
        answers = [requests.post(url, json={"chat_id": 700201, "text": "x"}, timeout=10) for _ in range(3)]
        assert 429 in [answer.status_code for answer in answers]
        assert {answer.headers.get("Retry-After") for answer in answers} == {None, "1"}
    finally:
        carrier.stop()


def _process(folder: Path, carrier: Carrier) -> subprocess.Popen[str]:
    environ = {"MCRM_SANDBOX_LOG": str(folder / "log.jsonl"), "MCRM_SANDBOX_PORT": "0", "PATH": os.environ["PATH"]}
    environ |= {"PYTHONPATH": os.pathsep.join(sys.path), **carrier.environment()}
    return subprocess.Popen([sys.executable, "-m", "sandbox"], env=environ, stdout=subprocess.PIPE, text=True)


def test_a_killed_sandbox_has_lost_nothing_that_it_accepted(carrier: Carrier, tmp_path: Path) -> None:
    first = _process(tmp_path, carrier)
    assert first.stdout is not None
    url = first.stdout.readline().split()[-1]
    sids = [send(url, str(number)).json()["sid"] for number in range(20)]
    first.send_signal(signal.SIGKILL)
    first.wait(10)
    first.stdout.close()
    kept = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [item["provider_id"] for item in kept] == sids

    second = _process(tmp_path, carrier)
    assert second.stdout is not None
    url = second.stdout.readline().split()[-1]
    answer = send(url, "after")
    items = requests.get(f"{url}/_control/messages", timeout=10).json()["items"]
    found = requests.get(
        f"{url}/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json",
        params={"To": TOM},
        auth=(ACCOUNT_SID, AUTH_TOKEN),
        timeout=10,
    ).json()["messages"]
    second.terminate()
    assert second.wait(10) == 0
    second.stdout.close()

    assert answer.status_code == 201
    assert [item["body"] for item in items] == [*map(str, range(20)), "after"]
    assert items[-1]["n"] > items[-2]["n"]
    assert [message["sid"] for message in found][1:] == sids[::-1]


def test_it_binds_and_calls_this_machine_only(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="this machine only"):
        run("0.0.0.0", 0, {})
    with pytest.raises(BadSandboxSetting, match="MCRM_PUBLIC_URL"):
        SandboxSettings.from_environment({"MCRM_PUBLIC_URL": "https://crm.example.com"})
    with pytest.raises(BadSandboxSetting, match="MCRM_SANDBOX_PORT"):
        SandboxSettings.from_environment({"MCRM_SANDBOX_PORT": "eight"})
    with pytest.raises(SystemExit, match="cannot start"):
        run("127.0.0.1", 0, {"FIREBASE_CREDENTIALS": str(tmp_path / "missing.json")})


@pytest.mark.parametrize(
    ("body", "count"),
    [("a" * 160, 1), ("a" * 161, 2), ("€" * 80, 1), ("€" * 81, 2), ("😀" * 35, 1), ("😀" * 36, 2), ("“" + "a" * 70, 2)],
)
def test_segments_are_counted_as_networks_count(body: str, count: int) -> None:
    assert segments(body) == count
