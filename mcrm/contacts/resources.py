"""Contacts and their addresses over HTTP."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy.orm import Session

from mcrm.actors import STAFF
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of
from mcrm.api.rows import compile_rows
from mcrm.api.state import root
from mcrm.contacts import points, service
from mcrm.contacts.errors import ContactPointUnknown
from mcrm.contacts.models import Contact, ContactPoint, PointChannel
from mcrm.contacts.schemas import (
    ContactChangeSchema,
    ContactInSchema,
    ContactPointInSchema,
    ContactPointSchema,
    ContactQuery,
    ContactSchema,
    ContactWithPointsSchema,
)
from mcrm.db import reading
from mcrm.transaction import transaction

blueprint = Blueprint("contacts", __name__, url_prefix="/v1/contacts", description="Whom we can reach.")
CONTACT_FIELDS = tuple(ContactSchema().fields)
ROWS = compile_rows(ContactSchema(), Contact)


@blueprint.route("", roles=STAFF)
class Contacts(MethodView):
    """All of them."""

    @blueprint.arguments(ContactQuery(), location="query")
    @blueprint.response(200, page_of(ContactSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the contacts you see, newest first; `q` searches name, customer number and phone."""
        found = service.searched(service.contacts_of(current_actor), query.pop("q"), query.pop("phone"))
        if (account_id := query.pop("account_id")) is not None:
            found = found.where(Contact.account_id == account_id)
        return ROWS.listed(found, [Contact.id.desc()], **query)

    @blueprint.arguments(ContactInSchema())
    @blueprint.response(201, ContactSchema())
    def post(self, contact: dict[str, Any]) -> Contact:
        """Make a contact; without an account it is a private person, and one is made with it."""
        with transaction() as session:
            return service.create(session, current_actor, **contact)


@blueprint.route("/<uuid:id>", roles=STAFF)
@blueprint.etag
class OneContact(MethodView):
    """One of them."""

    @blueprint.response(200, ContactWithPointsSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """One contact with its addresses."""
        with reading() as session:
            contact = service.reachable(session, current_actor, id)
            shown = {name: getattr(contact, name) for name in CONTACT_FIELDS}
            return shown | {"contact_points": service.points_of(session, contact.id)}

    @blueprint.arguments(ContactChangeSchema())
    @blueprint.response(200, ContactSchema())
    def patch(self, changes: dict[str, Any], id: UUID) -> Contact:
        """Change a contact."""
        with transaction() as session:
            contact = service.reachable(session, current_actor, id)
            blueprint.check_etag(contact)
            return service.change(session, current_actor, contact, changes)


@blueprint.route("/<uuid:id>/contact-points", roles=STAFF)
class ContactPoints(MethodView):
    """The addresses of a contact."""

    @blueprint.response(200, ContactPointSchema(many=True))
    def get(self, id: UUID) -> list[ContactPoint]:
        """List a contact's addresses."""
        with reading() as session:
            return service.points_of(session, service.reachable(session, current_actor, id).id)

    @blueprint.arguments(ContactPointInSchema())
    @blueprint.response(201, ContactPointSchema())
    @blueprint.alt_response(409, description="The address belongs to another contact")
    def post(self, point: dict[str, Any], id: UUID) -> ContactPoint:
        """Give a contact an address; nobody has proved yet to hold it."""
        channel: PointChannel = point.pop("channel")
        address = points.normalise(channel, point.pop("address"), region=root().default_region)
        with transaction() as session:
            contact = service.reachable(session, current_actor, id)
            facts = {"channel": channel.value, "address": address, **point}
            return points.add(session, current_actor, contact=contact, **facts)


@blueprint.route("/<uuid:id>/contact-points/<uuid:point_id>", roles=STAFF)
@blueprint.etag
class OneContactPoint(MethodView):
    """One address of a contact."""

    @blueprint.response(200, ContactPointSchema())
    def get(self, id: UUID, point_id: UUID) -> ContactPoint:
        """One address."""
        with reading() as session:
            return _point(session, id, point_id)

    @blueprint.response(204)
    def delete(self, id: UUID, point_id: UUID) -> None:
        """Take an address off a contact: nothing is sent there any more."""
        with transaction() as session:
            point = _point(session, id, point_id)
            blueprint.check_etag(point)
            points.remove(session, current_actor, point=point)


def _point(session: Session, contact_id: UUID, point_id: UUID) -> ContactPoint:
    contact = service.reachable(session, current_actor, contact_id)
    point = service.reachable_point(session, current_actor, point_id)
    if point.contact_id != contact.id:
        raise ContactPointUnknown
    return point
