"""Running the phone's modules: under Node where it is at hand, else in Chromium's console."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
NODE = shutil.which("node")


def run(script: str, *arguments: str | Path) -> Any:
    """What a module beside this file prints as JSON."""
    assert NODE is not None
    command = [NODE, str(Path(__file__).parent / script), *map(str, arguments)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)
