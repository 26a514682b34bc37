"""Schemathesis against the real application on loopback: what the description allows, and much that it does not.

The tool runs in a process of its own, with the identities it is given: those whose rows must stay apart are `peers`.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from werkzeug.serving import make_server

from mcrm.api.ratelimit import Rate
from mcrm.api.state import EXTENSION
from tests import doors
from tests.callers import Caller

PLENTY = Rate(per_second=1_000_000, burst=1_000_000)
ENDING = (
    "auth.Logout.post",
    "sessions.OneSession.delete",
    "sign-ins.SessionsOfCustomer.delete",
    "users.OneUser.patch",
    "users.SessionsOfUser.delete",
)
"""Operations that take away the session with which the rest is asked."""

HOUSE = Path(__file__).parents[2]
SETTINGS = """
hooks = {hooks}

[generation]
allow-x00 = false

[checks]
missing_required_header.expected-statuses = [401, 403, 404, 422, 428]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 406, 409, 412, 413, 415, 422, 428, 429]

[auth.wfc]
path = {path}
user = {user}
peers = {peers}
"""


@contextmanager
def served() -> Iterator[str]:
    """The base URL of the real application on the database in use; nobody is slowed down."""
    app = doors.make_app()
    app.extensions[EXTENSION].by_actor.rate = app.extensions[EXTENSION].by_address.rate = PLENTY
    server = make_server("127.0.0.1", 0, app, threaded=True)
    running = threading.Thread(target=server.serve_forever)
    running.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        running.join()
        server.server_close()


def fuzz(
    url: str,
    folder: Path,
    identities: Mapping[str, Caller],
    *,
    first: str,
    peers: Sequence[str],
    seconds: int,
    ending: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run the tool for about so many seconds as `first`, and as the others where `first` is refused.

    `ending`: only the operations that end sessions, which are spared otherwise.
    """
    users = [
        {"name": name, "fixedHeaders": [{"name": header, "value": value} for header, value in caller.headers.items()]}
        for name, caller in identities.items()
    ]
    (folder / "identities.json").write_text(json.dumps({"auth": users}))
    quoted = {
        "hooks": str(HOUSE / "tests/conventions/hooks.py"),
        "path": str(folder / "identities.json"),
        "user": first,
        "peers": list(peers),
    }
    (folder / "settings.toml").write_text(
        SETTINGS.format(**{name: json.dumps(value) for name, value in quoted.items()})
    )
    arguments = [
        *("--config-file", str(folder / "settings.toml"), "run", "--no-color", f"{url}/openapi.json"),
        *("--url", url, "--mode", "all", "--checks", "all", "--seed", "1", "--generation-database", "none"),
        *("--max-time", str(seconds), "--max-response-time", "10", "--continue-on-failure"),
        *(part for name in ENDING for part in (f"--{'include' if ending else 'exclude'}-operation-id", name)),
    ]
    return subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *arguments],
        cwd=folder,  # where the tool leaves what it remembers
        env={**os.environ, "PYTHONPATH": str(HOUSE)},
        capture_output=True,
        text=True,
        check=False,
    )
