"""The pure parts of the rep's app, under Node where it is at hand; in the browser they run anyhow."""

import subprocess
from pathlib import Path

from tests.apps.node import NODE

UNITS = Path(__file__).parent / "units"

if NODE:

    def test_the_pure_parts_of_the_app_hold_their_claims() -> None:
        files = sorted(map(str, UNITS.glob("*.test.mjs")))
        assert files
        ended = subprocess.run([NODE, "--test", *files], capture_output=True, text=True, timeout=120, check=False)
        assert ended.returncode == 0, ended.stdout[-4000:]
