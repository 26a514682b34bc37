"""Contacts and their addresses over HTTP."""

from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from mcrm import filters
from mcrm.actors import STAFF, Area
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import PAGING, page_of, whole, whole_of
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
from mcrm.custom_fields import service as custom_fields
from mcrm.custom_fields.models import FieldTable
from mcrm.db import reading
from mcrm.tags import service as tags
from mcrm.transaction import transaction

blueprint = Blueprint(
    "contacts", __name__, url_prefix="/v1/contacts", area=Area.CONTACTS, description="Whom we can reach."
)
CONTACT_FIELDS = tuple(ContactSchema().fields)
ROWS = compile_rows(ContactSchema(), Contact)


def shown(session: Session, contact: Contact) -> dict[str, Any]:
    """A contact as the wire shows it to the caller."""
    made: dict[str, Any] = {name: getattr(contact, name) for name in CONTACT_FIELDS}
    leave_visible(session, [made])
    return made


def leave_visible(session: Session | Connection, items: list[dict[str, Any]]) -> None:
    """Leave the custom values that are defined, and the survivors that the caller may know of."""
    custom_fields.hide(session, FieldTable.CONTACTS, items)
    service.hide_survivors(session, current_actor, items)


@blueprint.route("", roles=STAFF)
class Contacts(MethodView):
    """All of them."""

    @blueprint.arguments(ContactQuery(), location="query")
    @blueprint.response(200, page_of(ContactSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the contacts you see, newest first; `q` searches name, customer number and phone."""
        page = {name: query.pop(name) for name in PAGING}
        with reading() as session:
            found = filters.contacts(session, current_actor, **query)
        return ROWS.listed(found, [Contact.id.desc()], amend=leave_visible, **page)

    @blueprint.arguments(ContactInSchema())
    @blueprint.response(201, ContactSchema())
    def post(self, contact: dict[str, Any]) -> dict[str, Any]:
        """Make a contact; without an account it is a private person, and one is made with it."""
        with transaction() as session:
            return shown(session, service.create(session, current_actor, **contact))


@blueprint.route("/<uuid:id>", roles=STAFF)
@blueprint.etag
class OneContact(MethodView):
    """One of them."""

    @blueprint.response(200, ContactWithPointsSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """One contact, with what all contacts that are this person have: addresses to reach them at, tags."""
        with reading() as session:
            contact = service.reachable(session, current_actor, id)
            person = service.member_ids(session, current_actor, contact)
            return shown(session, contact) | {
                "contact_points": service.points_of(session, person),
                "tags": tags.tags_of(session, Contact, person),
                "merged_ids": [id_ for id_ in person if id_ != contact.id],
            }

    @blueprint.arguments(ContactChangeSchema())
    @blueprint.response(200, ContactSchema())
    def patch(self, changes: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Change a contact; of `custom` the named values change, null takes one away."""
        with transaction() as session:
            contact = service.reachable(session, current_actor, id)
            blueprint.check_etag(contact)
            return shown(session, service.change(session, current_actor, contact, changes))


@blueprint.route("/<uuid:id>/contact-points", roles=STAFF)
class ContactPoints(MethodView):
    """The addresses of a contact."""

    @blueprint.response(200, whole_of(ContactPointSchema()))
    def get(self, id: UUID) -> dict[str, Any]:
        """List a person's addresses."""
        with reading() as session:
            contact = service.reachable(session, current_actor, id)
            return whole(service.points_of(session, service.member_ids(session, current_actor, contact)))

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
    if point.contact_id not in service.member_ids(session, current_actor, contact):
        raise ContactPointUnknown
    return point
