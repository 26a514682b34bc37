"""A worker that forgets and nothing else: `python -m tests.privacy.eraser URL`, one line for each unit of work."""

import sys

from mcrm import db, keys
from mcrm.privacy import erasing
from tests.doors import ENVIRONMENT


def main(url: str) -> None:
    """Until nothing is left to do."""
    keys.use(ENVIRONMENT["MCRM_SECRET_KEY"])
    db.use(db.connect(url, synchronous="NORMAL"))
    while erasing.turn():
        print("did", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
