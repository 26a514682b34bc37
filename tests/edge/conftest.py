"""A shop behind the edge, on a real server."""

from collections.abc import Iterator

import pytest

from mcrm.config import Limits
from mcrm.edge.app import Edge, edge_app
from tests.edge.shop import Shop
from tests.edge.wire import served


@pytest.fixture
def shop() -> Shop:
    """The application behind the edge."""
    return Shop()


@pytest.fixture
def edge(shop: Shop) -> Edge:
    """The edge, with 1 MB for a body and 2 MB on /roomy."""
    return edge_app(lambda: shop, limits=Limits(), body_limits={"/roomy": 2_000_000})


@pytest.fixture
def port(edge: Edge, shop: Shop) -> Iterator[int]:
    """Where it listens."""
    with served(edge) as number:
        yield number
        shop.doors.set()
