"""The manager who keeps the prices."""

import pytest
from flask.testing import FlaskClient

from mcrm.actors import Role
from tests.callers import Caller, as_staff


@pytest.fixture
def noor(client: FlaskClient) -> Caller:
    """Noor Haddad, signed in."""
    return as_staff(client, Role.MANAGER)
