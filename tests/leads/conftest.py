"""Two reps of the West, one of the East, and those who answer for them."""

from dataclasses import dataclass
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.territories.models import Territory
from tests.callers import Caller, as_staff
from tests.cast import a_product, a_territory


@dataclass
class Team:
    """West is Sam's and Ruth's, East is Lena's; Noor manages, Ada administers."""

    west: Territory
    east: Territory
    ada: Caller
    noor: Caller
    sam: Caller
    ruth: Caller
    lena: Caller

    def id(self, name: str) -> str:
        """The id of one of the staff."""
        users = self.ada.get("/v1/users").json["items"]
        return next(str(user["id"]) for user in users if user["name"].startswith(name))

    def lead(self, by: Caller | None = None, **facts: Any) -> dict[str, Any]:
        """A lead that comes in, of the West unless it says else."""
        made = (by or self.noor).post("/v1/leads", {"name": "Rosa Bianchi", "territory_id": str(self.west.id), **facts})
        assert made.status_code == 201, made.text
        return dict(made.json)


@pytest.fixture
def team(client: FlaskClient, session: Session) -> Team:
    west, east = a_territory(session), a_territory(session, "East")
    a_product(session, stock=50)
    session.commit()
    return Team(
        west,
        east,
        as_staff(client, Role.ADMIN),
        as_staff(client, Role.MANAGER, name="Noor Haddad"),
        as_staff(client, Role.REP, [west], name="Sam Doyle"),
        as_staff(client, Role.REP, [west], name="Ruth Okeke"),
        as_staff(client, Role.REP, [east], name="Lena Fischer"),
    )
