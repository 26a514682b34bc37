"""The worker's process loads no more than it needs: each of these is megabytes on a small server."""

import subprocess
import sys

ONLY_FOR_DOORS = ("flask", "flask_smorest", "twilio", "telegram", "firebase_admin", "alembic", "argon2", "numpy")


def test_the_worker_starts_without_what_only_doors_and_rare_work_need() -> None:
    words = f"import sys, working; print(*(name for name in {ONLY_FOR_DOORS} if name in sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)

    assert loaded.stdout.split() == []
