"""`python -m sandbox`: the carrier sandbox on loopback, with the settings of the environment."""

import os

from sandbox.run import run

if __name__ == "__main__":
    run("127.0.0.1", None, os.environ)
