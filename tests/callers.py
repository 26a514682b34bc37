"""Somebody signed in at the HTTP door: staff with their territories, or a customer."""

from collections.abc import Iterable
from itertools import count
from typing import Any
from uuid import UUID

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from mcrm.access import sessions
from mcrm.access.models import User
from mcrm.access.sessions import Device
from mcrm.actors import SYSTEM, Role
from mcrm.contacts.models import Contact
from mcrm.integrations import service as integrations
from mcrm.territories.models import ScopeGrant, Territory
from mcrm.transaction import transaction
from tests import doors

_numbers = count(1)


class Caller:
    """A client that sends its bearer token with everything."""

    def __init__(self, client: FlaskClient, token: str) -> None:
        self.client = client
        self.headers = {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **query: Any) -> TestResponse:
        return self.client.get(path, headers=self.headers, query_string=query)

    def post(self, path: str, body: Any = None, **headers: str) -> TestResponse:
        return self.client.post(path, json={} if body is None else body, headers={**self.headers, **headers})

    def put(self, path: str, body: Any = None, tag: str | None = None) -> TestResponse:
        headers = self.headers if tag is None else {**self.headers, "If-Match": tag}
        return self.client.put(path, json={} if body is None else body, headers=headers)

    def patch(self, path: str, body: Any, tag: str | None = None) -> TestResponse:
        """Without `tag` the resource is read first, as an editing app does."""
        tag = tag or self.get(path).headers["ETag"]
        return self.client.patch(path, json=body, headers={**self.headers, "If-Match": tag})

    def delete(self, path: str, tag: str | None = None) -> TestResponse:
        headers = self.headers if tag is None else {**self.headers, "If-Match": tag}
        return self.client.delete(path, headers=headers)


def as_staff(client: FlaskClient, role: Role, territories: Iterable[Territory] = (), name: str = "Ada Marsh") -> Caller:
    """One of the staff, newly hired, signed in."""
    with transaction() as session:
        email = f"{role.value}-{next(_numbers)}@harbourandpine.example"
        user = User(email=email, name=name, role=role.value, password_hash="none: signs in by the test's hand")
        session.add(user)
        session.flush()
        session.add_all(ScopeGrant(user_id=user.id, territory_id=territory.id) for territory in territories)
    return signed_in(client, user.id)


def signed_in(client: FlaskClient, user_id: UUID) -> Caller:
    """One of the staff whom we know already, signed in anew."""
    with transaction() as session:
        user, device = session.get_one(User, user_id), Device("till")
        pair = sessions.open_session(session, doors.settings(), SYSTEM, device=device, user=user, contact_id=None)
    return Caller(client, pair.access_token)


def as_integration(
    client: FlaskClient, scopes: Iterable[str], territories: Iterable[Territory] | None = None
) -> Caller:
    """Another program, with a key for these scopes, on all rows or on those of the territories."""
    with transaction() as session:
        reach = None if territories is None else [territory.id for territory in territories]
        _, token = integrations.create(
            session, SYSTEM, name=f"Web shop {next(_numbers)}", scopes=list(scopes), territory_ids=reach
        )
    return Caller(client, token)


def as_customer(client: FlaskClient, contact: Contact, device: str = "pixel-7") -> Caller:
    """A customer signed in to the app."""
    with transaction() as session:
        pair = sessions.open_session(
            session, doors.settings(), SYSTEM, device=Device(device), user=None, contact_id=contact.id
        )
    return Caller(client, pair.access_token)
