"""The shop behind the real server: `python -m tests.edge.granian_shop PORT FOLDER`."""

import sys
from datetime import timedelta
from pathlib import Path

from mcrm import clock
from mcrm.config import Settings
from mcrm.edge.app import Edge, LiveSource, edge_app
from mcrm.edge.server import serve
from tests.edge.ledger import SqliteLedger
from tests.edge.shop import Shop


def main(port: int, folder: Path) -> None:
    """Serve until told to stop."""
    ledger = SqliteLedger(folder)
    settings = Settings.from_environment(
        {
            "MCRM_DATABASE_URL": ledger.url,
            "MCRM_SECRET_KEY": "0123456789abcdef0123456789abcdef",
            "MCRM_PUBLIC_URL": f"http://127.0.0.1:{port}",
        }
    )

    def make_edge() -> Edge:
        end = clock.now() + timedelta(hours=1)
        live = LiveSource(lambda token: (token, {token}, end), ledger, ledger.url)
        return edge_app(Shop, limits=settings.limits, make_live=lambda: live)

    serve(make_edge, settings, host="127.0.0.1", port=port)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
