"""Templates over HTTP: write the words, see what they would be, look back."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy.orm import Session

from mcrm.actors import Role
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import PageQuery, page_of
from mcrm.api.rows import compile_rows
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact
from mcrm.db import reading
from mcrm.deliveries.segments import segments
from mcrm.orders import service as orders
from mcrm.orders import wordings
from mcrm.templates import service
from mcrm.templates.catalogue import MESSAGES, Message, Values
from mcrm.templates.errors import TemplateInvalid
from mcrm.templates.models import Template, TemplateVersion
from mcrm.templates.rendering import Unreadable
from mcrm.templates.schemas import (
    CheckedTemplateSchema,
    MessagesSchema,
    PreviewInSchema,
    PreviewSchema,
    TemplateChangeSchema,
    TemplateInSchema,
    TemplateQuery,
    TemplateSchema,
    TemplateVersionSchema,
)
from mcrm.transaction import transaction

blueprint = Blueprint("templates", __name__, url_prefix="/v1/templates", description="The business's own words.")
messages = Blueprint(
    "message-kinds", __name__, url_prefix="/v1/message-kinds", description="The messages whose words can be one's own."
)
FIELDS = tuple(TemplateSchema().fields)
ROWS = compile_rows(TemplateSchema(), Template)
VERSIONS = compile_rows(TemplateVersionSchema(), TemplateVersion)
KEEPERS = frozenset({Role.ADMIN, Role.MANAGER})


def checked(session: Session, template: Template) -> dict[str, Any]:
    """A template with what there is to know about it."""
    session.flush()
    shown: dict[str, Any] = {name: getattr(template, name) for name in FIELDS}
    return shown | {"findings": service.findings(session, template)}


@messages.route("", roles=KEEPERS)
class MessageKinds(MethodView):
    """All of them."""

    @messages.response(200, MessagesSchema())
    def get(self) -> dict[str, Any]:
        """List the messages, with their variables, a sample and the built-in words."""
        return {"items": [asdict(message) for message in MESSAGES.values()]}


@blueprint.route("", roles=KEEPERS)
class Templates(MethodView):
    """All of them."""

    @blueprint.arguments(TemplateQuery(), location="query")
    @blueprint.response(200, page_of(TemplateSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the templates, oldest first."""
        where = {"limit": query.pop("limit"), "cursor": query.pop("cursor")}
        query["channel"] = query["channel"] and query["channel"].value
        return ROWS.listed(service.listed(**query), [Template.id], **where)

    @blueprint.allow(Role.ADMIN)
    @blueprint.arguments(TemplateInSchema())
    @blueprint.response(201, CheckedTemplateSchema())
    @blueprint.alt_response(409, description="There are words for this channel and language already")
    def post(self, facts: dict[str, Any]) -> dict[str, Any]:
        """Write words for a message; what cannot be sent is refused, what is odd is said."""
        with transaction() as session:
            channel = facts.pop("channel").value
            return checked(session, service.create(session, current_actor, channel=channel, **facts))


@blueprint.route("/<uuid:id>", roles=KEEPERS)
@blueprint.etag
class OneTemplate(MethodView):
    """One of them."""

    @blueprint.response(200, CheckedTemplateSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """One template, with what there is to know about it."""
        with reading() as session:
            return checked(session, service.get(session, id))

    @blueprint.allow(Role.ADMIN)
    @blueprint.arguments(TemplateChangeSchema())
    @blueprint.response(200, CheckedTemplateSchema())
    def patch(self, changes: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Change the words; the earlier ones stay as a version."""
        with transaction() as session:
            template = service.get(session, id)
            blueprint.check_etag(template)
            return checked(session, service.change(session, current_actor, template, changes))

    @blueprint.allow(Role.ADMIN)
    @blueprint.response(204)
    def delete(self, id: UUID) -> None:
        """Go back to the built-in words."""
        with transaction() as session:
            template = service.get(session, id)
            blueprint.check_etag(template)
            service.remove(session, current_actor, template)


@blueprint.route("/<uuid:id>/versions", roles=KEEPERS)
class Versions(MethodView):
    """How it read before."""

    @blueprint.arguments(PageQuery(), location="query")
    @blueprint.response(200, page_of(TemplateVersionSchema()))
    def get(self, query: dict[str, Any], id: UUID) -> Response:
        """List the versions of a template, newest first."""
        with reading() as session:
            found = service.versions_of(service.get(session, id).id)
        return VERSIONS.listed(found, [TemplateVersion.id.desc()], **query)


@blueprint.route("/<uuid:id>/preview", roles=KEEPERS)
class Preview(MethodView):
    """What a customer would read."""

    @blueprint.arguments(PreviewInSchema())
    @blueprint.response(200, PreviewSchema())
    def post(self, facts: dict[str, Any], id: UUID) -> dict[str, Any]:
        """Fill the words with a real order, a contact's name, or the sample; nothing is stored or sent."""
        with reading() as session:
            stored = service.get(session, id)
            words = {name: facts[name] or getattr(stored, name) for name in ("subject", "body")}
            shown = Template(key=stored.key, channel=stored.channel, locale=stored.locale, **words)
            findings = service.findings(session, shown)
            if errors := [finding for finding in findings if finding.is_error]:
                raise TemplateInvalid(errors[0].detail, field=errors[0].field)
            values = _values(session, service.message_of(stored.key), facts["order_id"], facts["contact_id"])
        try:
            said = service.rendered(shown.subject, shown.body, shown.channel, values)
        except Unreadable as error:
            raise TemplateInvalid(str(error), field="body") from None
        encoding, needed = segments(said["text"])
        cost = {"encoding": encoding, "segments": needed}
        return {"subject": said["title"], "body": said["text"], **cost, "values": values, "findings": findings}


def _values(session: Session, message: Message, order_id: UUID | None, contact_id: UUID | None) -> Values:
    if order_id is not None:
        order = orders.reachable(session, current_actor, order_id)
        contact = session.get_one(Contact, order.contact_id)
        return wordings.values_of(order, wordings.last_shipment(session, order), contact)
    if contact_id is not None:
        contact = contacts.reachable(session, current_actor, contact_id, field="contact_id")
        return {**message.sample, "name": contact.name}
    return message.sample
