"""Tags over HTTP. Putting one on twice is once; nothing is edited, so nothing needs an If-Match."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask import Response
from flask.views import MethodView
from sqlalchemy.orm import Session

from mcrm.accounts import service as accounts
from mcrm.accounts.models import Account
from mcrm.actors import STAFF, Area
from mcrm.api.blueprint import Blueprint
from mcrm.api.identity import current_actor
from mcrm.api.paging import page_of
from mcrm.api.rows import compile_rows
from mcrm.contacts import service as contacts
from mcrm.contacts.models import Contact
from mcrm.db import reading
from mcrm.tags import service
from mcrm.tags.errors import TagUnknown
from mcrm.tags.models import Tag
from mcrm.tags.schemas import TagQuery, TagSchema, TagsSchema
from mcrm.tags.service import Tagged
from mcrm.transaction import transaction

blueprint = Blueprint(
    "tags", __name__, url_prefix="/v1", area=Area.CONTACTS, description="Words to find people and accounts by."
)
ROWS = compile_rows(TagSchema(), Tag)


@blueprint.route("/tags", roles=STAFF)
class Tags(MethodView):
    """All of them."""

    @blueprint.arguments(TagQuery(), location="query")
    @blueprint.response(200, page_of(TagSchema()))
    def get(self, query: dict[str, Any]) -> Response:
        """List the tags of the business, in order of the alphabet."""
        return ROWS.listed(service.tags(query.pop("q")), [Tag.name], **query)


def _on_contact(session: Session, id: UUID) -> Sequence[Tagged]:
    """The contact first, then those within reach that are the same person."""
    contact = contacts.reachable(session, current_actor, id)
    others = [other for other in contacts.member_ids(session, current_actor, contact) if other != contact.id]
    return [contact, *(session.get_one(Contact, other) for other in others)]


def _shown(session: Session, rows: Sequence[Tagged]) -> dict[str, Any]:
    return {"tags": service.tags_of(session, type(rows[0]), [row.id for row in rows])}


@blueprint.route("/contacts/<uuid:id>/tags", roles=STAFF)
class TagsOfContact(MethodView):
    """The tags on a person."""

    @blueprint.response(200, TagsSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """List the tags on a person."""
        with reading() as session:
            return _shown(session, _on_contact(session, id))


@blueprint.route("/contacts/<uuid:id>/tags/<name>", roles=STAFF)
class TagOfContact(MethodView):
    """One tag on a person."""

    @blueprint.response(200, TagsSchema())
    def put(self, id: UUID, name: str) -> dict[str, Any]:
        """Put a tag on."""
        with transaction() as session:
            rows = _on_contact(session, id)
            service.put_on(session, current_actor, rows[0], name)
            return _shown(session, rows)

    @blueprint.response(204)
    def delete(self, id: UUID, name: str) -> None:
        """Take a tag off, from whichever of the merged contacts has it."""
        with transaction() as session:
            taken = [service.take_off(session, current_actor, row, name) for row in _on_contact(session, id)]
            if not any(taken):
                raise TagUnknown


@blueprint.route("/accounts/<uuid:id>/tags", roles=STAFF)
class TagsOfAccount(MethodView):
    """The tags on an account."""

    @blueprint.response(200, TagsSchema())
    def get(self, id: UUID) -> dict[str, Any]:
        """List the tags on an account."""
        with reading() as session:
            return _shown(session, [accounts.reachable(session, current_actor, id)])


@blueprint.route("/accounts/<uuid:id>/tags/<name>", roles=STAFF)
class TagOfAccount(MethodView):
    """One tag on an account."""

    @blueprint.response(200, TagsSchema())
    def put(self, id: UUID, name: str) -> dict[str, Any]:
        """Put a tag on."""
        with transaction() as session:
            account = accounts.reachable(session, current_actor, id)
            service.put_on(session, current_actor, account, name)
            return _shown(session, [account])

    @blueprint.response(204)
    def delete(self, id: UUID, name: str) -> None:
        """Take a tag off."""
        with transaction() as session:
            account: Account = accounts.reachable(session, current_actor, id)
            if not service.take_off(session, current_actor, account, name):
                raise TagUnknown
